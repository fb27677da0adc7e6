#include "bench/assembly.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "bench/recording.h"

namespace nsbench::bench {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;
using Outcome = BatchEnds::Outcome;

BenchCase some_case() { return all_bench_cases().front(); }

BatchEnds failed_call(std::string step, int err) {
  BatchEnds end;
  end.outcome = Outcome::CallFailed;
  end.step = std::move(step);
  end.err = err;
  return end;
}

void add_batch(SeriesBuilder& builder, const std::vector<double>& ns, double t = 0,
               const BatchEnds& end = {}) {
  builder.begin(t);
  ASSERT_TRUE(builder.add(ns));
  builder.end(end, {});
}

TEST(SeriesOfACase, KeepsWhatCameAfterTheWarmUp) {
  SeriesBuilder builder(some_case(), 1, 1);
  add_batch(builder, {100, 100});
  BatchEnds end;
  end.cpu_ns = 7;
  end.seconds = 0.25;
  end.drain = 0.5;
  add_batch(builder, {3, 1, 2}, 1.5, end);
  const Series series = builder.take();
  EXPECT_EQ(series.id, some_case().id());
  EXPECT_TRUE(series.is_result());
  EXPECT_TRUE(series.drained);
  EXPECT_THAT(series.samples, UnorderedElementsAre(1, 2, 3));
  EXPECT_EQ(series.warmup_batches, 1U);
  ASSERT_EQ(series.batches.size(), 1U);
  EXPECT_EQ(series.batches[0].calls, 3U);
  EXPECT_EQ(series.batches[0].t, 1.5);
  EXPECT_EQ(series.batches[0].cpu, 7);
  EXPECT_EQ(series.batches[0].seconds, 0.25);
  EXPECT_EQ(series.batches[0].drain, 0.5);
  EXPECT_EQ(series.batches[0].min, 1);
}

TEST(SeriesOfACase, CountsTheCallsOfEachTiming) {
  SeriesBuilder builder(some_case(), 1, 1);
  BatchEnds end;
  end.calls_per_timing = 16;
  add_batch(builder, {9, 9}, 0, end);
  add_batch(builder, {3, 1, 2}, 0, end);
  const Series series = builder.take();
  EXPECT_EQ(series.calls_per_timing, 16U);
  EXPECT_EQ(series.calls, 48U);
  EXPECT_EQ(series.batches.at(0).calls, 48U);
  EXPECT_EQ(series.samples.size(), 3U);
}

TEST(SeriesOfACase, OfUnlikeTimingsIsNoResult) {
  SeriesBuilder builder(some_case(), 0, 1);
  add_batch(builder, {3});
  BatchEnds end;
  end.calls_per_timing = 16;
  add_batch(builder, {1}, 0, end);
  const Series series = builder.take();
  EXPECT_THAT(series.samples, testing::ElementsAre(3));
  EXPECT_THAT(series.error, HasSubstr("another number of calls"));
  EXPECT_FALSE(series.is_result());
}

TEST(SeriesOfACase, WithAFailedCallIsNoResultAndHasNoneOfTheBatchsTimes) {
  SeriesBuilder builder(some_case(), 0, 1);
  add_batch(builder, {1, 2});
  add_batch(builder, {5}, 0, failed_call("unshare(CLONE_NEWNET)", ENOSPC));
  const Series series = builder.take();
  EXPECT_FALSE(series.is_result());
  EXPECT_EQ(series.failures, 1U);
  EXPECT_EQ(series.error, "unshare(CLONE_NEWNET): ENOSPC");
  EXPECT_FALSE(series.skip) << "what has worked before is not the environment's refusal";
  EXPECT_THAT(series.samples, UnorderedElementsAre(1, 2));
}

TEST(SeriesOfACase, RefusedByTheEnvironmentIsSkipped) {
  SeriesBuilder builder(some_case(), 1, 1);
  Support support;
  support.seccomp_filter = true;
  builder.begin(0);
  builder.end(failed_call("clone3(0)", ENOSYS), support);
  const Series series = builder.take();
  EXPECT_EQ(series.skip, SkipReason::Policy);
  EXPECT_EQ(series.failures, 0U);
  EXPECT_THAT(series.error, HasSubstr("clone3(0): ENOSYS"));
}

TEST(SeriesOfACase, RefusedWithoutEvidenceHasFailed) {
  SeriesBuilder builder(some_case(), 1, 1);
  builder.begin(0);
  builder.end(failed_call("clone(0)", EINVAL), {});
  const Series series = builder.take();
  EXPECT_FALSE(series.skip);
  EXPECT_EQ(series.failures, 1U);
  EXPECT_FALSE(series.is_result());
}

TEST(SeriesOfACase, RemembersABacklog) {
  SeriesBuilder builder(some_case(), 0, 1);
  BatchEnds end;
  end.drained = false;
  add_batch(builder, {1}, 0, end);
  add_batch(builder, {1});
  EXPECT_FALSE(builder.take().drained);
}

TEST(SeriesOfACase, StaysBoundedHoweverMuchTheWorkerSends) {
  SeriesBuilder builder(some_case(), 0, 1);
  for (int batch = 0; batch < 3; ++batch) {
    add_batch(builder, std::vector<double>(Recording::max_timings, 1.0 + batch));
  }
  builder.begin(0);
  EXPECT_TRUE(builder.add(std::vector<double>(Recording::max_timings, 1.0)));
  EXPECT_FALSE(builder.add({1.0})) << "a batch has no more calls than that";
  const Series series = builder.take();
  EXPECT_EQ(series.calls, 3 * Recording::max_timings);
  EXPECT_EQ(series.samples.size(), SampleStore::max_samples);
  EXPECT_EQ(series.mean, 2);
}

}  // namespace
}  // namespace nsbench::bench
