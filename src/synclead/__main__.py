"""`python -m synclead` is `synclead`."""

from synclead.cli.main import main

if __name__ == "__main__":
    main()
