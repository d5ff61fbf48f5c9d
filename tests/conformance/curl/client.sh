# Envelopes as people write them by hand, sent with curl and read with xmllint. VARIANT names one habit or slip of
# such programs, each of them met in the field; the whole scenario is done with it.
set -euo pipefail

action='"syncLead"' version=--http1.1 content_type='text/xml; charset=UTF-8' more=()
E=SOAP-ENV N=ns1 root=paramsSyncLead
declaration='<?xml version="1.0" encoding="UTF-8"?>'

case "${VARIANT:-plain}" in
  http-1.0) version=--http1.0 ;;
  chunked) more=(-H 'Transfer-Encoding: chunked') ;;
  expect) more=(-H 'Expect: 100-continue') ;;
  utf-16) declaration='<?xml version="1.0" encoding="UTF-16"?>' content_type='text/xml; charset=UTF-16' ;;
  latin-1-declared) content_type=text/xml ;;
  no-declaration) declaration= ;;
  other-prefixes) E=soapenv N=mkt ;;
  operation-as-root) root=syncLead ;;
  soap-action-empty) action= ;;
  content-type-xml) content_type='application/xml' ;;
esac

is() { [[ ${VARIANT:-plain} == "$1" ]]; }

fail() { # step, what, got, expected
  printf 'failed %s: %s is "%s", expected "%s"\n' "$@"
  exit 1
}

same() { [[ $3 == "$4" ]] || fail "$@"; }

escaped() {
  local text=${1//&/"&amp;"}
  echo "${text//</"&lt;"}"
}

now() {
  case "${VARIANT:-plain}" in
    milliseconds) date +%Y-%m-%dT%H:%M:%S.%3N%:z ;;
    ruby-time) date '+%Y-%m-%d %H:%M:%S %z' ;;
    zone-without-colon) date +%Y-%m-%dT%H:%M:%S%z ;;
    *) date -u +%Y-%m-%dT%H:%M:%SZ ;;
  esac
}

header() { # key, [workspace]
  local timestamp signature
  timestamp=$(now)
  signature=$(printf %s "$timestamp$API_USER" | openssl dgst -sha1 -hmac "$1" | sed 's/^.* //')
  echo "<$N:AuthenticationHeader><mktowsUserId>$API_USER</mktowsUserId>"
  echo "<requestSignature>$signature</requestSignature>"
  if is unknown-header-children; then echo '<partnerId>partner</partnerId><channel>web</channel>'; fi
  if is soapui-marks; then echo '<audit>?</audit><mode>?</mode>'; fi
  echo "<requestTimestamp>$timestamp</requestTimestamp></$N:AuthenticationHeader>"
  if [[ -n ${2:-} ]]; then
    echo "<$N:MktowsContextHeader><targetWorkspace>$2</targetWorkspace></$N:MktowsContextHeader>"
  fi
}

# An element of leadRecord or below it.
put() { # name, value
  local name=$1
  if is lead-id && [[ $name == Id ]]; then name=leadId; fi
  if is first-letter-small; then name=${name,}; fi
  if is all-in-namespace; then name=$N:$name; fi
  echo "<$name>$(escaped "$2")</$name>"
}

put_attribute() { # name, value
  local before= name=attribute
  if is attribute-types; then before='<attrType xsi:nil="true"/>'; fi
  if is all-in-namespace; then name=$N:$name; fi
  echo "<$name>$before"
  if is any-order; then
    put attrValue "$2"; put attrName "$1"
  else
    put attrName "$1"; put attrValue "$2"
  fi
  echo "</$name>"
}

put_list() { # name, value, …
  local list=leadAttributeList
  if is list-in-namespace || is all-in-namespace; then list=$N:$list; fi
  if is first-letter-small; then list=LeadAttributeList; fi
  if is one-object-twice; then
    # PHP writes an object that is used twice once, and then points to it.
    echo "<$list><attribute id=\"ref1\"><attrName>$1</attrName><attrValue>$(escaped "$2")</attrValue></attribute>"
    echo '<attribute href="#ref1"/>'
    shift 2
  else
    echo "<$list>"
  fi
  while (($#)); do put_attribute "$1" "$2"; shift 2; done
  echo "</$list>"
}

put_record() { # keys as NAME=VALUE, then --, then names and values
  local keys=()
  while [[ $1 != -- ]]; do keys+=("$1"); shift; done
  shift
  local record=leadRecord
  if is all-in-namespace; then record=$N:$record; fi
  echo "<$record>"
  if is nil-keys; then echo '<ForeignSysPersonId xsi:nil="true"/>' | grep -v "${keys[*]:0:1}" || true; fi
  if is blank-unknown-elements; then echo '<lastCreatedAt/>'; fi
  if is any-order; then put_list "$@"; fi
  local key
  for key in "${keys[@]}"; do put "${key%%=*}" "${key#*=}"; done
  if ! is any-order; then put_list "$@"; fi
  echo "</$record>"
}

put_return_lead() { # true or false
  local name=returnLead value=$1
  if is boolean-1; then value=$([[ $1 == true ]] && echo 1 || echo 0); fi
  if is boolean-True; then value=${1^}; fi
  if is all-in-namespace; then name=$N:$name; fi
  if ! { is return-lead-missing && [[ $1 == false ]]; }; then echo "<$name>$value</$name>"; fi
}

envelope() { # header, returnLead, then what put_record takes
  local head=$1 return_lead=$2
  shift 2
  echo "$declaration"
  echo "<$E:Envelope xmlns:$E=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:$N=\"http://www.marketo.com/mktows/\""
  echo "  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
  echo "<$E:Header>$head</$E:Header><$E:Body><$N:$root>"
  if is any-order; then put_return_lead "$return_lead"; fi
  if is blank-cookie; then echo '<marketoCookie></marketoCookie>'; fi
  if is nil-cookie; then echo '<marketoCookie xsi:nil="true"/>'; fi
  put_record "$@"
  if ! is any-order; then put_return_lead "$return_lead"; fi
  echo "</$N:$root></$E:Body></$E:Envelope>"
}

encoded() {
  case "${VARIANT:-plain}" in
    utf-16) iconv -f UTF-8 -t UTF-16 ;;
    utf-8-with-bom) printf '\xef\xbb\xbf'; cat ;;
    # What the declared set lacks is written as a reference, as every XML library does.
    latin-1-declared) xmllint --encode ISO-8859-1 - ;;
    *) cat ;;
  esac
}

post() { # URL, then options of curl; the envelope on standard input
  local url=$1 soap_action=(-H "SOAPAction: $action")
  shift
  if is soap-action-empty; then soap_action=(-H 'SOAPAction;'); fi
  if is soap-action-missing; then soap_action=(); fi
  encoded > request.xml
  curl -sS "$version" -H "Content-Type: $content_type" "${soap_action[@]}" "${more[@]}" "$@" \
    --data-binary @request.xml -o answer.xml "$url"
}

call() { # returnLead, then what put_record takes
  envelope "$(header "$API_KEY")" "$@" | post "$URL"
}

value() { xmllint --xpath "string($1)" answer.xml; }
nil() { xmllint --xpath "string($1/@*[local-name()='nil'])" answer.xml; }
attribute() { value "//attribute[attrName='$1']/$2"; }

same_status() { # step, status, id
  same "$1" status "$(value //syncStatus/status)" "$2"
  same "$1" leadId "$(value //result/leadId)" "$3"
  same "$1" 'leadId of the status' "$(value //syncStatus/leadId)" "$3"
  same "$1" 'error is nil' "$(nil //syncStatus/error)" true
}

ok() { echo "ok $1"; }

for query in wsdl WSDL; do
  curl -sS "$version" -o "$query.xml" "$URL?$query"
  same wsdl "address of ?$query" "$(xmllint --xpath 'string(//*[local-name()="address"]/@location)' "$query.xml")" "$URL"
done
ok wsdl

names=(-- FirstName "$FIRST_NAME" LastName "$LAST_NAME")
call false "Email=$EMAIL" "${names[@]}"
id=$(value //result/leadId)
[[ $id =~ ^[1-9][0-9]*$ ]] || fail create leadId "$id" 'a number'
same_status create "$EXPECT_CREATED" "$id"
same create 'leadRecord is nil' "$(nil //result/leadRecord)" true
ok create

call false "Email=$EMAIL" "${names[@]}"
same_status update "$EXPECT_UPDATED" "$id"
ok update

call true "Email=$EMAIL" "${names[@]}"
same_status read "$EXPECT_UPDATED" "$id"
same read Id "$(value //leadRecord/Id)" "$id"
same read Email "$(value //leadRecord/Email)" "$EXPECT_EMAIL"
same read 'ForeignSysPersonId is nil' "$(nil //leadRecord/ForeignSysPersonId)" true
same read FirstName "$(attribute FirstName attrValue)" "$EXPECT_FIRST_NAME"
same read 'type of FirstName' "$(attribute FirstName attrType)" "$EXPECT_TYPE"
same read LastName "$(attribute LastName attrValue)" "$EXPECT_LAST_NAME"
ok read

foreign=("ForeignSysPersonId=$FOREIGN_ID" "ForeignSysType=$FOREIGN_TYPE")
call false "${foreign[@]}" "Email=$FOREIGN_EMAIL" "${names[@]}"
first=$(value //result/leadId)
same_status foreign "$EXPECT_CREATED" "$first"
call true "${foreign[@]}" "Email=$NEW_EMAIL" "${names[@]}"
same_status foreign "$EXPECT_UPDATED" "$first"
same foreign Email "$(value //leadRecord/Email)" "$EXPECT_NEW_EMAIL"
same foreign ForeignSysPersonId "$(value //leadRecord/ForeignSysPersonId)" "$EXPECT_FOREIGN_ID"
same foreign ForeignSysType "$(value //leadRecord/ForeignSysType)" "$EXPECT_FOREIGN_TYPE"
ok foreign

call true "Id=$id" -- LastName "$OTHER_LAST_NAME"
same_status id "$EXPECT_UPDATED" "$id"
same id LastName "$(attribute LastName attrValue)" "$EXPECT_OTHER_LAST_NAME"
ok id

envelope "$(header "$API_KEY" default)" false "Email=$EMAIL" "${names[@]}" | post "$URL"
same_status context "$EXPECT_UPDATED" "$id"
ok context

call false "Email=$EMAIL" -- "$UNKNOWN_FIELD" top
same field faultcode "$(value //faultcode)" SOAP-ENV:Client
same field faultstring "$(value //faultstring)" "$EXPECT_FIELD_STRING"
same field name "$(value '//detail/*/name')" "$EXPECT_FIELD_NAME"
same field message "$(value '//detail/*/message')" "$EXPECT_FIELD_MESSAGE"
same field code "$(value '//detail/*/code')" "$EXPECT_FIELD_CODE"
ok field

envelope "$(header wrong)" false "Email=$EMAIL" "${names[@]}" | post "$URL"
same signature faultstring "$(value //faultstring)" "$EXPECT_SIGNATURE_STRING"
same signature code "$(value '//detail/*/code')" "$EXPECT_SIGNATURE_CODE"
ok signature

call true "Email=$LETTERS_EMAIL" -- FirstName "$LETTERS"
same letters FirstName "$(attribute FirstName attrValue)" "$EXPECT_LETTERS"
ok letters

# One curl with two addresses keeps the connection.
envelope "$(header "$API_KEY")" false "Email=$EMAIL" "${names[@]}" | post "$URL" -o first.xml "$URL"
same_status keepalive "$EXPECT_UPDATED" "$id"
ok keepalive

envelope "$(header "$API_KEY")" false "Email=$EMAIL" "${names[@]}" | post "$URL" -H 'Connection: close'
same_status close "$EXPECT_UPDATED" "$id"
ok close

curl -sS --cacert "$CA_FILE" -o tls.xml "$TLS_URL?WSDL"
address=$(xmllint --xpath 'string(//*[local-name()="address"]/@location)' tls.xml)
same tls address "$address" "$TLS_URL"
envelope "$(header "$API_KEY")" false "Email=$EMAIL" "${names[@]}" | post "$address" --cacert "$CA_FILE"
same_status tls "$EXPECT_UPDATED" "$id"
ok tls
