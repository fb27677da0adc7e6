// Requests to one server: what a client of LAVA needs of HTTP, and a place to put another end into
// for tests.
#pragma once

#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::fleet {

struct Request {
  std::string method = "GET";
  std::string path;  // behind the server's URL, with its query: "api/v0.2/jobs/?limit=1"
  std::string body;  // of a POST: JSON
  std::size_t limit = 16U << 20U;  // bytes of an answer; more is an Error
};

struct Response {
  long status = 0;  // 200
  std::string body;
};

class Http {
 public:
  Http() = default;
  virtual ~Http() = default;
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  // An Error: no answer came, or one that is too large. A status that tells of an error is an
  // answer.
  virtual Result<Response> send(const Request& request) = 0;
};

struct Server {
  std::string url;                                   // "https://lava.lab/", http or https
  std::string token;                                 // may be empty
  const volatile std::sig_atomic_t* stop = nullptr;  // ends a request that is under way
};

// By libcurl, which is loaded by this call: no other command of ours has to be as large as it makes
// a process. Redirections are not followed: the token is for this server alone. Errors: libcurl is
// not there; a URL that is none of a server.
Result<std::unique_ptr<Http>> connect(const Server& server);

// What a file with a token holds: one word. The Error does not quote it.
Result<std::string> token_of(std::string_view text);

// Whether what is sent there can be read on the way: http to another machine.
bool is_in_clear(std::string_view url);

// `text` as a value of a query.
std::string query_value(std::string_view text);

}  // namespace nsbench::fleet
