#include "base/failpoint_terms.h"

#include <gtest/gtest.h>

namespace etcd::base {
namespace {

FailTerms parsed(std::string_view text) {
  auto terms = FailTerms::parse(text);
  EXPECT_TRUE(terms) << text;
  return terms ? std::move(*terms) : FailTerms();
}

double never_drawn() { return 0.999; }
double always_drawn() { return 0.0; }

FailAction next_action(FailTerms& terms) { return terms.next(never_drawn).action; }

TEST(FailTerms, ValuesAreStringsIntegersTruthsOrNothing) {
  EXPECT_EQ(parsed(R"(return("no \"space\""))").next(never_drawn).value, FailValue(std::string("no \"space\"")));
  EXPECT_EQ(parsed("return(-12)").next(never_drawn).value, FailValue(std::int64_t{-12}));
  EXPECT_EQ(parsed("return(true)").next(never_drawn).value, FailValue(true));
  EXPECT_EQ(parsed("return()").next(never_drawn).value, FailValue());
  EXPECT_EQ(parsed("return").next(never_drawn).value, FailValue());
  EXPECT_EQ(parsed("return").next(never_drawn).action, FailAction::kReturn);
}

TEST(FailTerms, ACountIsUsedUpAndThenTheNextTermHasItsTurn) {
  FailTerms terms = parsed("2*print->1*sleep(5)->panic");
  EXPECT_EQ(next_action(terms), FailAction::kPrint);
  EXPECT_EQ(next_action(terms), FailAction::kPrint);
  EXPECT_EQ(next_action(terms), FailAction::kSleep);
  EXPECT_EQ(next_action(terms), FailAction::kPanic);
  EXPECT_EQ(terms.count(), 4u);
}

TEST(FailTerms, NothingHappensWhenAllTermsAreUsedUp) {
  FailTerms terms = parsed("1*panic");
  EXPECT_EQ(next_action(terms), FailAction::kPanic);
  EXPECT_EQ(next_action(terms), FailAction::kOff);
  EXPECT_EQ(terms.count(), 1u);
}

TEST(FailTerms, APercentageIsDrawnEachTime) {
  FailTerms terms = parsed("50.0%panic->print");
  EXPECT_EQ(terms.next(never_drawn).action, FailAction::kPrint);
  EXPECT_EQ(terms.next(always_drawn).action, FailAction::kPanic);
  EXPECT_EQ(terms.next([] { return 0.499; }).action, FailAction::kPanic);
  EXPECT_EQ(terms.next([] { return 0.5; }).action, FailAction::kPrint);
}

TEST(FailTerms, ACountBehindAPercentageIsUsedUpOnlyByThoseWhoAreDrawn) {
  FailTerms terms = parsed("50%1*panic");
  EXPECT_EQ(terms.next(never_drawn).action, FailAction::kOff);
  EXPECT_EQ(terms.next(always_drawn).action, FailAction::kPanic);
  EXPECT_EQ(terms.next(always_drawn).action, FailAction::kOff);
}

TEST(FailTerms, OffTakesItsTurnWithoutDoingAnything) {
  FailTerms terms = parsed("3*off->panic");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next_action(terms), FailAction::kOff);
  EXPECT_EQ(next_action(terms), FailAction::kPanic);
}

TEST(FailTerms, WhatIsNotInTheLanguageIsRefused) {
  for (const std::string_view text : {"", "jump", "panic->", "->panic", "panic panic", "1*", "1panic", "%panic", "sleep(", "sleep(1", "sleep(x)",
                                      R"(return("open)", R"(return("a\q"))", "1.5*panic", "panic(1)x", "99999999999999999999*panic"}) {
    EXPECT_FALSE(FailTerms::parse(text)) << text;
  }
}

}  // namespace
}  // namespace etcd::base
