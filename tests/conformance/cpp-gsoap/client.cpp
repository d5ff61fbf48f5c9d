// gSOAP's generated proxy: classes with pointers for what may be nil, headers in soap->header, faults by soap_fault.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <openssl/hmac.h>

#include "MktowsApiSoapBinding.nsmap"
#include "soapMktowsApiSoapBindingProxy.h"

using Values = std::map<std::string, std::string>;
using Proxy = MktowsApiSoapBindingProxy;

static std::string given(const std::string &name) {
  const char *value = std::getenv(name.c_str());
  return value ? value : "";
}

static void same(const char *step, const char *what, const std::string &got, const std::string &expected) {
  if (got == expected) return;
  std::printf("failed %s: %s is \"%s\", expected \"%s\"\n", step, what, got.c_str(), expected.c_str());
  std::exit(1);
}

static void ok(const char *step) {
  std::printf("ok %s\n", step);
  std::fflush(stdout);
}

static std::string text(const std::string *value) { return value ? *value : "(nil)"; }
static std::string text(const int *value) { return value ? std::to_string(*value) : "(nil)"; }

static std::string signature(const std::string &key, const std::string &message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char *>(message.data()), message.size(), digest, &length);
  std::string hex;
  char digits[3];
  for (unsigned int place = 0; place < length; ++place) {
    std::snprintf(digits, sizeof digits, "%02x", digest[place]);
    hex += digits;
  }
  return hex;
}

static void sign(soap *context, const std::string &key, const std::string &workspace) {
  char timestamp[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(timestamp, sizeof timestamp, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  soap_header(context);
  auto *header = soap_new_ns1__AuthenticationHeaderInfo(context);
  header->mktowsUserId = given("API_USER");
  header->requestTimestamp = timestamp;
  header->requestSignature = signature(key, timestamp + given("API_USER"));
  context->header->ns1__AuthenticationHeader = header;
  context->header->ns1__MktowsContextHeader = nullptr;
  if (!workspace.empty()) {
    context->header->ns1__MktowsContextHeader = soap_new_ns1__MktowsContextHeaderInfo(context);
    context->header->ns1__MktowsContextHeader->targetWorkspace = workspace;
  }
}

static std::string *owned(soap *context, const std::string &value) {
  std::string *made = soap_new_std__string(context);
  *made = value;
  return made;
}

static int call(Proxy &proxy, const Values &keys, const Values &values, bool return_lead,
                ns1__SuccessSyncLead &answer, const std::string &key = given("API_KEY"),
                const std::string &workspace = "") {
  soap *context = proxy.soap;
  auto *record = soap_new_ns1__LeadRecord(context);
  for (const auto &[name, value] : keys) {
    if (name == "Id") {
      record->Id = static_cast<int *>(soap_malloc(context, sizeof(int)));
      *record->Id = std::stoi(value);
    } else if (name == "Email") {
      record->Email = owned(context, value);
    } else if (name == "ForeignSysPersonId") {
      record->ForeignSysPersonId = owned(context, value);
    } else {
      record->ForeignSysType =
          static_cast<ns1__ForeignSysType *>(soap_malloc(context, sizeof(ns1__ForeignSysType)));
      soap_s2ns1__ForeignSysType(context, value.c_str(), record->ForeignSysType);
    }
  }
  record->leadAttributeList = soap_new_ns1__ArrayOfAttribute(context);
  for (const auto &[name, value] : values) {
    auto *attribute = soap_new_ns1__Attribute(context);
    attribute->attrName = name;
    attribute->attrValue = value;
    record->leadAttributeList->attribute.push_back(attribute);
  }
  auto *params = soap_new_ns1__ParamsSyncLead(context);
  params->leadRecord = record;
  params->returnLead = return_lead;
  sign(context, key, workspace);
  return proxy.syncLead(params, answer);
}

static ns1__ResultSyncLead *sync(const char *step, Proxy &proxy, const Values &keys, const Values &values,
                                 bool return_lead, const std::string &workspace = "") {
  auto *answer = soap_new_ns1__SuccessSyncLead(proxy.soap);
  if (call(proxy, keys, values, return_lead, *answer, given("API_KEY"), workspace) != SOAP_OK) {
    soap_print_fault(proxy.soap, stdout);
    same(step, "fault", "a fault", "none");
  }
  return answer->result;
}

static void same_status(const char *step, soap *context, const ns1__ResultSyncLead *result,
                        const std::string &status, int id) {
  same(step, "status", soap_ns1__LeadSyncStatus2s(context, result->syncStatus->status), status);
  same(step, "leadId", std::to_string(result->leadId), std::to_string(id));
  same(step, "leadId of the status", std::to_string(result->syncStatus->leadId), std::to_string(id));
  same(step, "error", text(result->syncStatus->error), "(nil)");
}

static std::map<std::string, std::pair<std::string, std::string>> attributes(const ns1__ResultSyncLead *result) {
  std::map<std::string, std::pair<std::string, std::string>> found;
  for (const auto *one : result->leadRecord->leadAttributeList->attribute) {
    found[one->attrName] = {text(one->attrType), one->attrValue};
  }
  return found;
}

// The text of an element of the detail, which gSOAP keeps as XML: the WSDL declares no fault messages.
static std::string inside(const std::string &detail, const std::string &name) {
  const auto begin = detail.find("<" + name + ">");
  const auto end = detail.find("</" + name + ">");
  if (begin == std::string::npos || end == std::string::npos) return "(none)";
  return detail.substr(begin + name.size() + 2, end - begin - name.size() - 2);
}

static void same_fault(const char *step, const std::string &name, Proxy &proxy, const Values &values,
                       const std::string &key) {
  ns1__SuccessSyncLead answer;
  if (call(proxy, {{"Email", given("EMAIL")}}, values, false, answer, key) == SOAP_OK) {
    same(step, "fault", "none", "a fault");
  }
  same(step, "faultcode", *soap_faultcode(proxy.soap), "SOAP-ENV:Client");
  same(step, "faultstring", *soap_faultstring(proxy.soap), given("EXPECT_" + name + "_STRING"));
  const char *kept = soap_fault_detail(proxy.soap);
  const std::string detail = kept ? kept : "";
  same(step, "code", inside(detail, "code"), given("EXPECT_" + name + "_CODE"));
  if (name == "FIELD") {
    same(step, "name", inside(detail, "name"), given("EXPECT_FIELD_NAME"));
    same(step, "message", inside(detail, "message"), given("EXPECT_FIELD_MESSAGE"));
  }
  ok(step);
}

int main() {
  const std::string url = given("URL"), named = given("NAMED_URL"), ca_file = given("CA_FILE");
  Proxy proxy(url.c_str(), SOAP_C_UTFSTRING | SOAP_IO_KEEPALIVE);
  soap *context = proxy.soap;

  const Values names = {{"FirstName", given("FIRST_NAME")}, {"LastName", given("LAST_NAME")}};
  const Values george = {{"Email", given("EMAIL")}};
  auto *result = sync("create", proxy, george, names, false);
  const int id = result->leadId;
  same("create", "leadId above 0", id > 0 ? "yes" : "no", "yes");
  same_status("create", context, result, given("EXPECT_CREATED"), id);
  same("create", "leadRecord", result->leadRecord ? "there" : "(nil)", "(nil)");
  ok("create");

  same_status("update", context, sync("update", proxy, george, names, false), given("EXPECT_UPDATED"), id);
  ok("update");

  result = sync("read", proxy, george, names, true);
  same_status("read", context, result, given("EXPECT_UPDATED"), id);
  same("read", "Id", text(result->leadRecord->Id), std::to_string(id));
  same("read", "Email", text(result->leadRecord->Email), given("EXPECT_EMAIL"));
  same("read", "ForeignSysPersonId", text(result->leadRecord->ForeignSysPersonId), "(nil)");
  auto found = attributes(result);
  same("read", "FirstName", found["FirstName"].second, given("EXPECT_FIRST_NAME"));
  same("read", "type of FirstName", found["FirstName"].first, given("EXPECT_TYPE"));
  same("read", "LastName", found["LastName"].second, given("EXPECT_LAST_NAME"));
  ok("read");

  Values foreign = {{"ForeignSysPersonId", given("FOREIGN_ID")}, {"ForeignSysType", given("FOREIGN_TYPE")}};
  foreign["Email"] = given("FOREIGN_EMAIL");
  result = sync("foreign", proxy, foreign, names, false);
  const int first = result->leadId;
  same_status("foreign", context, result, given("EXPECT_CREATED"), first);
  foreign["Email"] = given("NEW_EMAIL");
  result = sync("foreign", proxy, foreign, names, true);
  same_status("foreign", context, result, given("EXPECT_UPDATED"), first);
  same("foreign", "Email", text(result->leadRecord->Email), given("EXPECT_NEW_EMAIL"));
  same("foreign", "ForeignSysPersonId", text(result->leadRecord->ForeignSysPersonId), given("EXPECT_FOREIGN_ID"));
  same("foreign", "ForeignSysType", soap_ns1__ForeignSysType2s(context, *result->leadRecord->ForeignSysType),
       given("EXPECT_FOREIGN_TYPE"));
  ok("foreign");

  result = sync("id", proxy, {{"Id", std::to_string(id)}}, {{"LastName", given("OTHER_LAST_NAME")}}, true);
  same_status("id", context, result, given("EXPECT_UPDATED"), id);
  same("id", "LastName", attributes(result)["LastName"].second, given("EXPECT_OTHER_LAST_NAME"));
  ok("id");

  result = sync("context", proxy, george, names, false, "default");
  same_status("context", context, result, given("EXPECT_UPDATED"), id);
  ok("context");

  same_fault("field", "FIELD", proxy, {{given("UNKNOWN_FIELD"), "top"}}, given("API_KEY"));
  same_fault("signature", "SIGNATURE", proxy, names, "wrong");

  result = sync("letters", proxy, {{"Email", given("LETTERS_EMAIL")}}, {{"FirstName", given("LETTERS")}}, true);
  same("letters", "FirstName", attributes(result)["FirstName"].second, given("EXPECT_LETTERS"));
  ok("letters");

  same_status("keepalive", context, sync("keepalive", proxy, george, names, false), given("EXPECT_UPDATED"), id);
  ok("keepalive");

  Proxy closing(url.c_str(), SOAP_C_UTFSTRING);
  result = sync("close", closing, george, names, false);
  same_status("close", closing.soap, result, given("EXPECT_UPDATED"), id);
  ok("close");

  same("tls", "address", named, given("TLS_URL"));
  Proxy safe(named.c_str(), SOAP_C_UTFSTRING);
  soap_ssl_client_context(safe.soap, SOAP_SSL_DEFAULT, nullptr, nullptr, ca_file.c_str(), nullptr, nullptr);
  same_status("tls", safe.soap, sync("tls", safe, george, names, false), given("EXPECT_UPDATED"), id);
  ok("tls");
}
