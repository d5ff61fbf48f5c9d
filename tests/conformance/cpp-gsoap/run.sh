# wsdl2h reads the WSDL, the compiled program does the rest.
set -euo pipefail

read_wsdl() { # URL, folder
  mkdir -p "$2"
  (cd "$2" && wsdl2h -o mktows.h "$1" > wsdl2h.log 2>&1) || { cat "$2/wsdl2h.log"; exit 1; }
}

read_wsdl "$URL?wsdl" small
read_wsdl "$URL?WSDL" capital
# Comments name the address and the moment; everything else must be the same.
for folder in small capital; do grep -v '?wsdl\|?WSDL\|GMT' "$folder/mktows.h" > "$folder/plain.h"; done
if ! cmp -s small/plain.h capital/plain.h; then
  diff small/plain.h capital/plain.h | head
  echo 'failed wsdl: ?wsdl is "another WSDL", expected "the same as ?WSDL"'
  exit 1
fi
echo 'ok wsdl'
read_wsdl "$TLS_URL?WSDL" tls
# Where the generated code would call.
NAMED_URL=$(sed -n 's/^\/\/gsoap ns1  *service port:\t*\([^ ]*\).*/\1/p' tls/mktows.h | head -1) ./client
