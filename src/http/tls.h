#pragma once
#include <memory>
#include <string>

#include "http/http.h"

namespace maxopt::http {

/// Files in PEM: the certificate with its chain, and its key.
struct TlsFiles {
  std::string certificate, key;
};
/// As Serve, over TLS 1.2 or 1.3 only. kLocal names the file that cannot be read or does not fit.
Result<std::unique_ptr<Server>> ServeTls(Handler handler, ServerOptions options,
                                         const TlsFiles& files);

}  // namespace maxopt::http
