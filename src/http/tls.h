#pragma once
#include <memory>
#include <string>

#include "http/http.h"

namespace maxopt::http {

/// Files in PEM: the certificate with its chain, and its key.
struct TlsFiles {
  std::string certificate, key;
};
/// As Serve, over TLS 1.2 or 1.3 only; who has not shaken hands within ten seconds is let go of.
/// kLocal names the file that cannot be read, is no certificate or key without a passphrase, or
/// does not fit the other.
Result<std::unique_ptr<Server>> ServeTls(Handler handler, ServerOptions options,
                                         const TlsFiles& files);

}  // namespace maxopt::http
