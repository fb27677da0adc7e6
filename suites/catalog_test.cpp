#include "suites/catalog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "bench/workload.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string subject(const Probe& probe) { return fmt::format("{}/{}", probe.family, probe.name); }

TEST(Catalog, EveryProbeIsListedWithAllThatIsKnownOfIt) {
  const auto list = nlohmann::json::parse(catalog_json());
  ASSERT_EQ(list["checks"].size(), all_probes().size());
  const std::string brief = catalog_text(false);
  const std::string whole = catalog_text(true);
  for (std::size_t i = 0; i < all_probes().size(); ++i) {
    const Probe& probe = *all_probes()[i];
    const auto& entry = list["checks"][i];
    SCOPED_TRACE(subject(probe));
    EXPECT_EQ(entry["name"], subject(probe));
    for (const char* key : {"sentence", "source", "first_kernel", "why", "failure", "by_hand"}) {
      EXPECT_FALSE(entry[key].get<std::string>().empty()) << key;
    }
    for (const char* key : {"methods", "privileges", "statements"}) {
      EXPECT_FALSE(entry[key].empty()) << key;
    }
    EXPECT_GT(entry["cases"], 0);
    EXPECT_THAT(brief, HasSubstr(subject(probe)));
    EXPECT_THAT(whole, HasSubstr(std::string(probe.source)));
  }
}

TEST(Catalog, EveryCaseIdIsListedOnce) {
  const std::string ids = "\n" + catalog_ids();
  const std::string one = "\nuts/hostname:clone:root\n";
  const std::size_t at = ids.find(one);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(ids.find(one, at + 1), std::string::npos);
}

TEST(Explain, SaysWhatAProbeIsAbout) {
  for (const Probe* probe : all_probes()) {
    const Result<std::string> text = explain(subject(*probe), 10'000);
    ASSERT_TRUE(text.ok()) << text.error().str();
    for (const std::string_view part :
         {probe->sentence, probe->why, probe->failure, probe->source}) {
      EXPECT_THAT(*text, HasSubstr(std::string(part))) << subject(*probe);
    }
    EXPECT_THAT(*text, HasSubstr("  $ "));
  }
}

TEST(Explain, SaysWhatABenchmarkTimes) {
  const std::string whole = catalog_text(true);
  for (const Workload* workload : all_workloads()) {
    const Result<std::string> text = explain(subject(*workload), 10'000);
    ASSERT_TRUE(text.ok()) << text.error().str();
    for (const std::string_view part :
         {workload->sentence, workload->dominated_by, workload->source}) {
      EXPECT_THAT(*text, HasSubstr(std::string(part))) << subject(*workload);
    }
    EXPECT_THAT(*text, HasSubstr("  $ "));
    EXPECT_THAT(whole, HasSubstr(std::string(workload->dominated_by)));
  }
}

TEST(Explain, ABenchmarksNameStandsForItsCurves) {
  EXPECT_THAT(*explain("create/mnt", 80), HasSubstr("create/mnt/mounts"));
  EXPECT_THAT(*explain("create/mnt/mounts=1000:unshare:root", 80),
              HasSubstr("mounts = 0, 10, 100, 1000, 5000"));
  EXPECT_THAT(*explain("create/mnt/mounts", 80), Not(HasSubstr("live")));
  EXPECT_THAT(*explain("create/mnt:unshare:root", 80), Not(HasSubstr("mounts =")));
}

TEST(Catalog, EveryBenchmarkIsListedWithAllThatIsKnownOfIt) {
  const auto list = nlohmann::json::parse(catalog_json());
  ASSERT_EQ(list["benchmarks"].size(), all_workloads().size());
  for (std::size_t i = 0; i < all_workloads().size(); ++i) {
    const auto& entry = list["benchmarks"][i];
    EXPECT_EQ(entry["name"], subject(*all_workloads()[i]));
    for (const char* key : {"sentence", "dominated_by", "by_hand", "source", "unit"}) {
      EXPECT_FALSE(entry[key].get<std::string>().empty()) << entry["name"] << key;
    }
    EXPECT_FALSE(entry["tiers"].empty());
    EXPECT_GT(entry["cases"], 0);
  }
}

TEST(Explain, StaysWithinTheWidth) {
  const Result<std::string> text = explain("uts/hostname", 60);
  ASSERT_TRUE(text.ok());
  std::size_t longest = 0;
  for (std::size_t start = 0; start < text->size();) {
    const std::size_t end = text->find('\n', start);
    if ((*text)[start + 2] != '$') longest = std::max(longest, end - start);
    start = end + 1;
  }
  EXPECT_LE(longest, 60U);
}

TEST(Explain, TakesACaseIdAndAName) {
  EXPECT_EQ(*explain("uts/hostname:setns.pidfd:userns", 80), *explain("uts/hostname", 80));
  EXPECT_EQ(*explain("hostname_sysctl", 80), *explain("uts/hostname_sysctl", 80));
  EXPECT_THAT(*explain("identity", 80), HasSubstr("pid/identity"));
  EXPECT_THAT(*explain("identity", 80), HasSubstr("time/identity"));
  EXPECT_EQ(nlohmann::json::parse(*explain_json("uts/hostname"))["checks"].size(), 1U);
}

TEST(Explain, AnUnknownNameIsAnErrorThatNamesTheNearest) {
  const Result<std::string> text = explain("uts/hostnam", 80);
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().str(), HasSubstr("\"uts/hostnam\""));
  EXPECT_THAT(text.error().str(), HasSubstr("uts/hostname"));
  EXPECT_THAT(text.error().str(), Not(HasSubstr("(not seen)")));
  EXPECT_FALSE(explain("", 80).ok());
  EXPECT_FALSE(explain_json("uts/").ok());
}

}  // namespace
}  // namespace nsbench
