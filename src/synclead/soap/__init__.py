"""The SOAP edge: from bytes to typed messages and back."""
