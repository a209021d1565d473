#include "tls/words.h"

#include <openssl/err.h>

#include <array>
#include <ctime>
#include <string_view>
#include <utility>

#include "tls/openssl.h"

namespace etcd::tls {

namespace {

constexpr int kAlertBase = SSL_AD_REASON_OFFSET;

constexpr std::pair<int, std::string_view> kAlerts[] = {
    {SSL_AD_UNEXPECTED_MESSAGE, "unexpected message"},
    {SSL_AD_BAD_RECORD_MAC, "bad record MAC"},
    {SSL_AD_RECORD_OVERFLOW, "record overflow"},
    {SSL_AD_HANDSHAKE_FAILURE, "handshake failure"},
    {SSL_AD_BAD_CERTIFICATE, "bad certificate"},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, "unsupported certificate"},
    {SSL_AD_CERTIFICATE_REVOKED, "revoked certificate"},
    {SSL_AD_CERTIFICATE_EXPIRED, "expired certificate"},
    {SSL_AD_CERTIFICATE_UNKNOWN, "unknown certificate"},
    {SSL_AD_ILLEGAL_PARAMETER, "illegal parameter"},
    {SSL_AD_UNKNOWN_CA, "unknown certificate authority"},
    {SSL_AD_ACCESS_DENIED, "access denied"},
    {SSL_AD_DECODE_ERROR, "error decoding message"},
    {SSL_AD_DECRYPT_ERROR, "error decrypting message"},
    {SSL_AD_PROTOCOL_VERSION, "protocol version not supported"},
    {SSL_AD_INSUFFICIENT_SECURITY, "insufficient security level"},
    {SSL_AD_INTERNAL_ERROR, "internal error"},
    {SSL_AD_INAPPROPRIATE_FALLBACK, "inappropriate fallback"},
    {SSL_AD_USER_CANCELLED, "user canceled"},
    {SSL_AD_NO_RENEGOTIATION, "no renegotiation"},
    {SSL_AD_MISSING_EXTENSION, "missing extension"},
    {SSL_AD_UNSUPPORTED_EXTENSION, "unsupported extension"},
    {SSL_AD_UNRECOGNIZED_NAME, "unrecognized name"},
    {SSL_AD_CERTIFICATE_REQUIRED, "certificate required"},
    {SSL_AD_NO_APPLICATION_PROTOCOL, "no application protocol"},
};

constexpr std::pair<int, std::string_view> kReasons[] = {
    {SSL_R_NO_SHARED_CIPHER, "no cipher suite supported by both client and server"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "client didn't provide a certificate"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "client offered only unsupported versions"},
    {SSL_R_VERSION_TOO_LOW, "client offered only unsupported versions"},
    {SSL_R_WRONG_VERSION_NUMBER, "first record does not look like a TLS handshake"},
    {SSL_R_HTTP_REQUEST, "first record does not look like a TLS handshake"},
    {SSL_R_HTTPS_PROXY_REQUEST, "first record does not look like a TLS handshake"},
    {SSL_R_NO_RENEGOTIATION, "no renegotiation"},
};

template <std::size_t kSize>
std::string_view find(const std::pair<int, std::string_view> (&table)[kSize], int code) {
  for (const auto& [known, text] : table) {
    if (known == code) return text;
  }
  return {};
}

std::string utc(std::time_t time) {
  std::tm parts{};
  std::array<char, 32> text{};
  gmtime_r(&time, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// `current time 2026-01-02T03:04:05Z is after 2025-01-02T03:04:05Z`
std::string validity(const X509* certificate, bool is_over) {
  const ASN1_TIME* const bound = is_over ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate);
  std::tm parts{};
  ASN1_TIME_to_tm(bound, &parts);
  return "current time " + utc(std::time(nullptr)) + (is_over ? " is after " : " is before ") + utc(timegm(&parts));
}

}  // namespace

std::string take_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "tls: internal error";
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    if (reason >= kAlertBase) {
      const std::string_view text = find(kAlerts, reason - kAlertBase);
      return text.empty() ? "remote error: tls: alert(" + std::to_string(reason - kAlertBase) + ")"
                          : "remote error: tls: " + std::string(text);
    }
    if (const std::string_view text = find(kReasons, reason); !text.empty()) return "tls: " + std::string(text);
  }
  const char* const text = ERR_reason_error_string(error);
  return std::string("tls: ") + (text != nullptr ? text : "internal error");
}

std::string chain_error(const X509_STORE_CTX* store) {
  const std::string head = "tls: failed to verify certificate: x509: ";
  const int code = X509_STORE_CTX_get_error(store);
  const X509* const at = X509_STORE_CTX_get_current_cert(store);
  switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED: return head + "certificate signed by unknown authority";
    case X509_V_ERR_INVALID_PURPOSE: return head + "certificate specifies an incompatible key usage";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      if (at == nullptr) break;
      return head + "certificate has expired or is not yet valid: " +
             validity(at, code == X509_V_ERR_CERT_HAS_EXPIRED);
    default: break;
  }
  return head + X509_verify_cert_error_string(code);
}

}  // namespace etcd::tls
