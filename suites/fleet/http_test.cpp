// libcurl's side of it, against a server of a few lines on the loopback interface.
#include "suites/fleet/http.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "probes/sandbox/fd.h"
#include "suites/fleet/testing/served.h"

namespace nsbench::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers each connection with one text, and keeps what was asked.
class OneAnswer {
 public:
  explicit OneAnswer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = testing::listen_on_loopback(port_);
    EXPECT_TRUE(listener_.valid());
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  // To be asked once the answer came.
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

 private:
  void serve() {
    for (const std::string& answer : answers_) {
      const Fd peer = testing::next_peer(listener_);
      if (!peer.valid()) return;
      asked_.push_back(testing::read_head(peer.get()));
      (void)::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  Fd listener_;
  int port_ = 0;
  std::vector<std::string> answers_, asked_;
  std::thread thread_;
};

std::string answer(const std::string& status, const std::string& body,
                   const std::string& headers = "") {
  return fmt::format("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n{}", status,
                     body.size(), headers, body);
}

std::unique_ptr<Http> to(const std::string& url, const std::string& token = "",
                         const volatile std::sig_atomic_t* stop = nullptr) {
  Result<std::unique_ptr<Http>> http = connect({.url = url, .token = token, .stop = stop});
  EXPECT_TRUE(http) << http.error().str();
  return http ? std::move(*http) : nullptr;
}

TEST(CurlHttp, SendsATokenAndTellsTheStatus) {
  OneAnswer server({answer("404 Not Found", "no")});
  const Result<Response> response = to(server.url(), "S3cret")->send({.path = "api/?a=b"});
  ASSERT_TRUE(response) << response.error().str();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "no");
  EXPECT_THAT(server.asked()[0], HasSubstr("GET /api/?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(server.asked()[0], HasSubstr("Authorization: Token S3cret\r\n"));
}

TEST(CurlHttp, PostsJson) {
  OneAnswer server({answer("201 Created", "{}")});
  const Result<Response> response =
      to(server.url())->send({.method = "POST", .path = "jobs/", .body = "{\"a\": 1}"});
  ASSERT_TRUE(response) << response.error().str();
  EXPECT_EQ(response->status, 201);
  EXPECT_THAT(server.asked()[0], HasSubstr("POST /jobs/ HTTP/1.1\r\n"));
  EXPECT_THAT(server.asked()[0], HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(server.asked()[0], HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(server.asked()[0], Not(HasSubstr("Authorization")));
}

TEST(CurlHttp, ATokenGoesToNoOtherServer) {
  OneAnswer other({answer("200 OK", "stolen")});
  OneAnswer server({answer("302 Found", "", "Location: " + other.url() + "/\r\n")});
  const Result<Response> response = to(server.url(), "S3cret")->send({});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_TRUE(other.asked().empty());
}

TEST(CurlHttp, AnAnswerHasALimit) {
  OneAnswer server({answer("200 OK", std::string(5000, 'x'))});
  const Result<Response> response = to(server.url())->send({.limit = 4999});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().str(), HasSubstr("more than 4999 bytes"));
}

TEST(CurlHttp, NoAnswerIsAnError) {
  std::string url;
  {
    OneAnswer server({"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"});
    url = server.url();
    const std::unique_ptr<Http> http = to(url, "S3cret");
    for (int i = 0; i < 2; ++i) {
      const Result<Response> response = http->send({.path = "x"});
      ASSERT_FALSE(response);
      EXPECT_THAT(response.error().str(), HasSubstr("GET " + url + "/x: "));
      EXPECT_THAT(response.error().str(), Not(HasSubstr("S3cret")));
    }
  }
  EXPECT_FALSE(to(url)->send({})) << "nobody listens there any more";
  EXPECT_FALSE(to("https://127.0.0.1:9/")->send({}));
}

TEST(CurlHttp, AStopEndsIt) {
  const volatile std::sig_atomic_t stop = SIGINT;
  OneAnswer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"});
  const Result<Response> response = to(server.url(), "", &stop)->send({});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().str(), HasSubstr("interrupted"));
}

TEST(Server, IsNamedByAUrl) {
  for (const char* none : {"", "lab", "ftp://lab/", "http://", "http:///x", "file:///etc/passwd",
                           "http://a:b@lab/", "http://lab/?x", "http://lab/ x", "http://lab/\n"}) {
    EXPECT_FALSE(connect({.url = none})) << none;
  }
}

TEST(Server, IsReadOnTheWayWithoutTls) {
  for (const char* safe :
       {"https://lab/", "http://127.0.0.1:8000/", "http://localhost/x", "http://[::1]:80/"}) {
    EXPECT_FALSE(is_in_clear(safe)) << safe;
  }
  for (const char* clear :
       {"http://lab/", "http://127.evil.org/", "http://localhost.evil.org/", "http://[fe80::1]/"}) {
    EXPECT_TRUE(is_in_clear(clear)) << clear;
  }
}

TEST(Token, IsOneWord) {
  EXPECT_EQ(*token_of(" abc\n"), "abc");
  for (const std::string& none :
       {std::string(), std::string(" \n"), std::string("a b"), std::string("a\nb: c"),
        std::string("\xc3\xa4"), std::string(5000, 'x')}) {
    const Result<std::string> token = token_of(none);
    ASSERT_FALSE(token) << none;
    EXPECT_THAT(token.error().str(), Not(HasSubstr("b: c")));
  }
}

TEST(QueryValue, IsEscaped) { EXPECT_EQ(query_value("a b,c&d=\xc3"), "a%20b%2Cc%26d%3D%C3"); }

}  // namespace
}  // namespace nsbench::fleet
