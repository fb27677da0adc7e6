#include "suites/fleet/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reports/printable.h"

namespace nsbench::fleet {
namespace {

// The functions of libcurl that are used, with the types that its header gives them.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_reset) reset = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_easy_setopt) set = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) info = nullptr;
  decltype(&curl_easy_strerror) text_of = nullptr;
  decltype(&curl_slist_append) append = nullptr;
  decltype(&curl_slist_free_all) free_list = nullptr;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<Curl> load_curl() {
  void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = ::dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Error{"a server is spoken to by libcurl, which is not installed here (libcurl4)"};
  }
  Curl curl;
  const bool whole = find(library, "curl_global_init", curl.global_init) &&
                     find(library, "curl_easy_init", curl.init) &&
                     find(library, "curl_easy_reset", curl.reset) &&
                     find(library, "curl_easy_cleanup", curl.cleanup) &&
                     find(library, "curl_easy_setopt", curl.set) &&
                     find(library, "curl_easy_perform", curl.perform) &&
                     find(library, "curl_easy_getinfo", curl.info) &&
                     find(library, "curl_easy_strerror", curl.text_of) &&
                     find(library, "curl_slist_append", curl.append) &&
                     find(library, "curl_slist_free_all", curl.free_list);
  if (!whole || curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Error{"the libcurl that is installed here can't be used"};
  }
  return curl;
}

struct Answer {
  std::string body;
  std::size_t limit = 0;
  bool too_large = false;
};

std::size_t take(char* data, std::size_t one, std::size_t count, void* to) {
  Answer& answer = *static_cast<Answer*>(to);
  const std::size_t bytes = one * count;
  if (bytes > answer.limit - answer.body.size()) {
    answer.too_large = true;
    return 0;  // not all was taken: libcurl ends the transfer
  }
  answer.body.append(data, bytes);
  return bytes;
}

int is_stopped(void* stop, curl_off_t /*all*/, curl_off_t /*now*/, curl_off_t /*up_all*/,
               curl_off_t /*up_now*/) {
  const auto* const set = static_cast<const volatile std::sig_atomic_t*>(stop);
  return set != nullptr && *set != 0 ? 1 : 0;
}

class CurlHttp : public Http {
 public:
  CurlHttp(const Curl& curl, CURL* handle, Server server)
      : curl_(curl), handle_(handle), server_(std::move(server)) {
    if (!server_.url.ends_with('/')) server_.url += '/';
  }
  ~CurlHttp() override { curl_.cleanup(handle_); }
  CurlHttp(const CurlHttp&) = delete;
  CurlHttp& operator=(const CurlHttp&) = delete;

  Result<Response> send(const Request& request) override {
    constexpr long connect_seconds = 20;
    constexpr long silent_seconds = 60;  // a server that sends nothing for so long is given up
    const std::string url = server_.url + request.path;
    Answer answer{.body = {}, .limit = request.limit};
    curl_slist* headers = nullptr;
    const auto header = [&](const std::string& line) {
      headers = curl_.append(headers, line.c_str());
    };
    header("Accept: application/json, application/yaml, text/plain, */*");
    if (!server_.token.empty()) header("Authorization: Token " + server_.token);
    curl_.reset(handle_);
    curl_.set(handle_, CURLOPT_URL, url.c_str());
    if (request.method == "POST") {
      header("Content-Type: application/json");
      header("Expect:");
      curl_.set(handle_, CURLOPT_POST, 1L);
      curl_.set(handle_, CURLOPT_POSTFIELDS, request.body.data());
      curl_.set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    curl_.set(handle_, CURLOPT_HTTPHEADER, headers);
    curl_.set(handle_, CURLOPT_USERAGENT, "nsbench/" NSBENCH_VERSION);
    curl_.set(handle_, CURLOPT_ACCEPT_ENCODING, "");  // whatever it can undo
    curl_.set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_.set(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_.set(handle_, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    curl_.set(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_.set(handle_, CURLOPT_LOW_SPEED_TIME, silent_seconds);
    curl_.set(handle_, CURLOPT_WRITEFUNCTION, &take);
    curl_.set(handle_, CURLOPT_WRITEDATA, &answer);
    curl_.set(handle_, CURLOPT_NOPROGRESS, 0L);
    curl_.set(handle_, CURLOPT_XFERINFOFUNCTION, &is_stopped);
    // libcurl takes a void*, and is_stopped() makes the same of it again.
    curl_.set(handle_, CURLOPT_XFERINFODATA, const_cast<std::sig_atomic_t*>(server_.stop));
    const CURLcode code = curl_.perform(handle_);
    curl_.free_list(headers);
    const auto failed = [&](std::string_view why) {
      return Error{fmt::format("{} {}: {}", request.method, printable(url, 200), why)};
    };
    if (answer.too_large) {
      return failed(fmt::format("the answer has more than {} bytes", request.limit));
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) return failed("interrupted");
    if (code != CURLE_OK) return failed(curl_.text_of(code));
    Response response;
    curl_.info(handle_, CURLINFO_RESPONSE_CODE, &response.status);
    response.body = std::move(answer.body);
    return response;
  }

 private:
  Curl curl_;
  CURL* handle_;
  Server server_;
};

// The part of a URL that names the machine, with its port.
std::string_view host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = url.substr(begin + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

bool is_letter_of_url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

}  // namespace

Result<std::unique_ptr<Http>> connect(const Server& server) {
  const std::string_view host = host_of(server.url);
  const bool known = server.url.starts_with("http://") || server.url.starts_with("https://");
  const bool printed =
      std::all_of(server.url.begin(), server.url.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!known || host.empty() || !printed || host.find('@') != std::string_view::npos ||
      server.url.find_first_of("?#") != std::string::npos) {
    return Error{fmt::format(
        "\"{}\" is no server's URL: \"https://lava.example.org/\" is one; names and passwords "
        "don't belong into it",
        printable(server.url, 200))};
  }
  const Result<Curl> curl = load_curl();
  if (!curl) return curl.error();
  CURL* const handle = curl->init();
  if (handle == nullptr) return Error{"libcurl can't begin"};
  return std::unique_ptr<Http>(std::make_unique<CurlHttp>(*curl, handle, server));
}

Result<std::string> token_of(std::string_view text) {
  constexpr std::size_t longest = 4096;
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return Error{"there is no token in it"};
  const std::string_view token = text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
  const bool is_word =
      token.size() <= longest &&
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!is_word) return Error{"what is in it is no token: that is one word of ASCII"};
  return std::string(token);
}

bool is_in_clear(std::string_view url) {
  if (url.starts_with("https://")) return false;
  std::string_view host = host_of(url);
  if (host.starts_with('[')) {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host != "localhost" && host != "[::1]" && !(is_ipv4 && host.starts_with("127."));
}

std::string query_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_letter_of_url(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace nsbench::fleet
