#include "probes/sandbox/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

TEST(Recipe, PrintsAsASentence) {
  const Recipe recipe{{Kind::Pid, Kind::Net}, Method::Setns, "pidfd", Privilege::Userns};
  EXPECT_EQ(recipe.str(), "pid,net by setns.pidfd as userns");
  EXPECT_EQ(Recipe{}.str(), "none by clone as root");
}

TEST(Recipe, ReadsWhatItPrints) {
  for (const NamespaceSet set : {NamespaceSet{}, NamespaceSet{Kind::Uts}, NamespaceSet::all()}) {
    for (const Way& way : all_ways) {
      for (const Privilege privilege : all_privileges) {
        const Recipe recipe{set, way.method, std::string(way.variant), privilege};
        const Result<Recipe> read = Recipe::parse(recipe.str());
        ASSERT_TRUE(read.ok()) << read.error().str();
        EXPECT_EQ(*read, recipe) << recipe.str();
      }
    }
  }
}

struct Bad {
  const char* text;
  const char* named;  // what the error must point at
};

TEST(Recipe, NamesWhatIsWrong) {
  constexpr Bad bad[] = {
      {"", "missing"},
      {"pid", "missing"},
      {"pid by clone", "missing"},
      {"pid as root by clone", "missing"},
      {"pidd by clone as root", "\"pidd\""},
      {"pid by fork as root", "no method \"fork\""},
      {"pid by clone.pidfd as root", "no variant \"pidfd\""},
      {"pid by setns.fd as root", "no variant \"fd\""},
      {"pid by clone as admin", "no privilege \"admin\""},
      {"pid by clone as root ", "no privilege"},
  };
  for (const Bad& b : bad) {
    const Result<Recipe> read = Recipe::parse(b.text);
    ASSERT_FALSE(read.ok()) << b.text;
    EXPECT_THAT(read.error().str(), HasSubstr(b.named)) << b.text;
  }
}

// Its flag is part of the exit signal of classic clone (clone(2)).
TEST(Recipe, OnlyTimeByClassicCloneCannotExist) {
  for (const KindRow& kind : all_kinds) {
    for (const Way& way : all_ways) {
      const Recipe recipe{{kind.kind}, way.method, std::string(way.variant), Privilege::Root};
      const bool impossible = kind.kind == Kind::Time && way.method == Method::Clone;
      EXPECT_EQ(recipe.exists(), !impossible) << recipe.str();
    }
  }
  EXPECT_FALSE((Recipe{NamespaceSet::all(), Method::Clone, "", Privilege::Root}.exists()));
}

}  // namespace
}  // namespace nsbench
