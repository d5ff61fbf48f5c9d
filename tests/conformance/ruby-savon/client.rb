# What Savon 2 does, by the libraries that it does it with: gyoku writes the message from a hash, net/http sends it,
# nori reads the answer into a hash. VARIANT is the body's element, which differs among Savon's versions.
require 'date'
require 'gyoku'
require 'net/http'
require 'nori'
require 'openssl'
require 'rexml/document'

NAMESPACES = {
  'xmlns:xsd' => 'http://www.w3.org/2001/XMLSchema',
  'xmlns:xsi' => 'http://www.w3.org/2001/XMLSchema-instance',
  'xmlns:ns1' => 'http://www.marketo.com/mktows/',
  'xmlns:SOAP-ENV' => 'http://schemas.xmlsoap.org/soap/envelope/'
}.freeze

NORI = Nori.new(
  strip_namespaces: true,
  convert_tags_to: ->(tag) { tag.gsub(/([a-z\d])([A-Z])/, '\1_\2').downcase.to_sym },
  advanced_typecasting: true,
  parser: :rexml
)

class Fault < StandardError
  attr_reader :content

  def initialize(content)
    @content = content
    super(content[:faultstring])
  end
end

def fetch(url, query)
  uri = URI("#{url}?#{query}")
  http(uri).start { |connection| connection.get(uri.request_uri) }.body
end

def http(uri)
  connection = Net::HTTP.new(uri.host, uri.port)
  if uri.scheme == 'https'
    connection.use_ssl = true
    connection.ca_file = ENV.fetch('CA_FILE')
  end
  connection
end

def authentication(key)
  timestamp = DateTime.now.to_s
  signature = OpenSSL::HMAC.hexdigest('sha1', key, timestamp + ENV.fetch('API_USER'))
  { 'ns1:AuthenticationHeader' => {
    'mktowsUserId' => ENV.fetch('API_USER'), 'requestSignature' => signature, 'requestTimestamp' => timestamp
  } }
end

def envelope(message, header)
  tag = "ns1:#{ENV.fetch('VARIANT')}"
  '<?xml version="1.0" encoding="UTF-8"?>' + Gyoku.xml(
    'SOAP-ENV:Envelope' => {
      'SOAP-ENV:Header' => header,
      'SOAP-ENV:Body' => { tag => message }
    },
    :attributes! => { 'SOAP-ENV:Envelope' => NAMESPACES }
  )
end

def post(connection, uri, message, header, more = {})
  headers = { 'SOAPAction' => '"syncLead"', 'Content-Type' => 'text/xml;charset=UTF-8' }.merge(more)
  answer = connection.post(uri.request_uri, envelope(message, header), headers)
  body = NORI.parse(answer.body.dup.force_encoding('UTF-8'))[:envelope][:body]
  raise Fault, body[:fault] if body[:fault]

  body[:success_sync_lead][:result]
end

def record(keys, values, return_lead)
  attributes = values.map { |name, value| { attr_name: name, attr_value: value } }
  { lead_record: keys.merge(lead_attribute_list: { attribute: attributes }), return_lead: return_lead }
end

def sync(message, key: ENV.fetch('API_KEY'), url: ENV.fetch('URL'), context: {}, more: {})
  uri = URI(url)
  http(uri).start { |connection| post(connection, uri, message, authentication(key).merge(context), more) }
end

def same(step, what, got, expected)
  return if got == expected

  puts "failed #{step}: #{what} is #{got.inspect}, expected #{expected.inspect}"
  exit 1
end

def same_status(step, result, status, id)
  same(step, 'status', result[:sync_status][:status], status)
  same(step, 'lead_id', result[:lead_id], id)
  same(step, 'lead_id of the status', result[:sync_status][:lead_id], id)
  same(step, 'error', result[:sync_status][:error], nil)
end

def attributes(result)
  list = [result[:lead_record][:lead_attribute_list][:attribute]].flatten
  list.to_h { |one| [one[:attr_name], [one[:attr_type], one[:attr_value]]] }
end

def same_fault(step, name)
  yield
rescue Fault => e
  detail = e.content[:detail][:service_exception]
  same(step, 'faultcode', e.content[:faultcode], 'SOAP-ENV:Client')
  same(step, 'faultstring', e.content[:faultstring], ENV.fetch("EXPECT_#{name}_STRING"))
  same(step, 'code', detail[:code], ENV.fetch("EXPECT_#{name}_CODE"))
  if name == 'FIELD'
    same(step, 'name', detail[:name], ENV.fetch('EXPECT_FIELD_NAME'))
    same(step, 'message', detail[:message], ENV.fetch('EXPECT_FIELD_MESSAGE'))
  end
else
  same(step, 'fault', 'none', 'a fault')
end

def ok(step)
  puts "ok #{step}"
end

def address(wsdl)
  REXML::XPath.first(REXML::Document.new(wsdl), '//soap:address', 'soap' => 'http://schemas.xmlsoap.org/wsdl/soap/')
             .attributes['location']
end

$stdout.sync = true
same('wsdl', 'address of ?wsdl', address(fetch(ENV.fetch('URL'), 'wsdl')), ENV.fetch('URL'))
same('wsdl', 'address of ?WSDL', address(fetch(ENV.fetch('URL'), 'WSDL')), ENV.fetch('URL'))
ok 'wsdl'

# A symbol as a key gets a small first letter from gyoku: :Email is sent as <email>.
names = { 'FirstName' => ENV.fetch('FIRST_NAME'), 'LastName' => ENV.fetch('LAST_NAME') }
george = { Email: ENV.fetch('EMAIL') }
created = sync(record(george, names, 'false'))
id = created[:lead_id]
same('create', 'lead_id', id, id.to_i.to_s)
same_status('create', created, ENV.fetch('EXPECT_CREATED'), id)
same('create', 'lead_record', created[:lead_record], nil)
ok 'create'

same_status('update', sync(record(george, names, false)), ENV.fetch('EXPECT_UPDATED'), id)
ok 'update'

result = sync(record(george, names, true))
same_status('read', result, ENV.fetch('EXPECT_UPDATED'), id)
same('read', 'id', result[:lead_record][:id], id)
same('read', 'email', result[:lead_record][:email], ENV.fetch('EXPECT_EMAIL'))
same('read', 'foreign_sys_person_id', result[:lead_record][:foreign_sys_person_id], nil)
same('read', 'FirstName', attributes(result)['FirstName'], [ENV.fetch('EXPECT_TYPE'), ENV.fetch('EXPECT_FIRST_NAME')])
same('read', 'LastName', attributes(result)['LastName'], [ENV.fetch('EXPECT_TYPE'), ENV.fetch('EXPECT_LAST_NAME')])
ok 'read'

keys = { foreign_sys_person_id: ENV.fetch('FOREIGN_ID'), foreign_sys_type: ENV.fetch('FOREIGN_TYPE') }
first = sync(record(keys.merge(Email: ENV.fetch('FOREIGN_EMAIL')), names, false))
same_status('foreign', first, ENV.fetch('EXPECT_CREATED'), first[:lead_id])
second = sync(record(keys.merge(Email: ENV.fetch('NEW_EMAIL')), names, true))
same_status('foreign', second, ENV.fetch('EXPECT_UPDATED'), first[:lead_id])
same('foreign', 'email', second[:lead_record][:email], ENV.fetch('EXPECT_NEW_EMAIL'))
same('foreign', 'id', second[:lead_record][:foreign_sys_person_id], ENV.fetch('EXPECT_FOREIGN_ID'))
same('foreign', 'type', second[:lead_record][:foreign_sys_type], ENV.fetch('EXPECT_FOREIGN_TYPE'))
ok 'foreign'

result = sync(record({ Id: id }, { 'LastName' => ENV.fetch('OTHER_LAST_NAME') }, true))
same_status('id', result, ENV.fetch('EXPECT_UPDATED'), id)
same('id', 'LastName', attributes(result)['LastName'][1], ENV.fetch('EXPECT_OTHER_LAST_NAME'))
ok 'id'

context = { 'ns1:MktowsContextHeader' => { 'targetWorkspace' => 'default' } }
same_status('context', sync(record(george, names, false), context: context), ENV.fetch('EXPECT_UPDATED'), id)
ok 'context'

same_fault('field', 'FIELD') { sync(record(george, { ENV.fetch('UNKNOWN_FIELD') => 'top' }, false)) }
ok 'field'
same_fault('signature', 'SIGNATURE') { sync(record(george, names, false), key: 'wrong') }
ok 'signature'

result = sync(record({ Email: ENV.fetch('LETTERS_EMAIL') }, { 'FirstName' => ENV.fetch('LETTERS') }, true))
same('letters', 'FirstName', attributes(result)['FirstName'][1], ENV.fetch('EXPECT_LETTERS'))
ok 'letters'

uri = URI(ENV.fetch('URL'))
http(uri).start do |connection|
  2.times do
    result = post(connection, uri, record(george, names, false), authentication(ENV.fetch('API_KEY')))
    same_status('keepalive', result, ENV.fetch('EXPECT_UPDATED'), id)
  end
end
ok 'keepalive'

closing = sync(record(george, names, false), more: { 'Connection' => 'close' })
same_status('close', closing, ENV.fetch('EXPECT_UPDATED'), id)
ok 'close'

named = address(fetch(ENV.fetch('TLS_URL'), 'WSDL'))
same('tls', 'address', named, ENV.fetch('TLS_URL'))
same_status('tls', sync(record(george, names, false), url: named), ENV.fetch('EXPECT_UPDATED'), id)
ok 'tls'
