#include "api/errors.h"

#include <gtest/gtest.h>

namespace etcd::api {
namespace {

using rpc::GrpcCode;

TEST(Errors, EveryOutcomeOfARequestHasARow) {
  // The codes before the first one are of the disk and of input; after the last one there is nothing.
  for (auto code = static_cast<unsigned>(Errc::kUnknownOutcome); code <= static_cast<unsigned>(Errc::kNoPasswordUser); ++code) {
    const std::string text = text_of(Error{static_cast<Errc>(code), "no row"});
    EXPECT_NE(text, "no row") << code;
  }
}

TEST(Errors, CodesAndTextsAreEtcds) {
  EXPECT_EQ(to_status(Error{Errc::kEmptyKey}), (rpc::GrpcStatus{GrpcCode::kInvalidArgument, "etcdserver: key is not provided"}));
  EXPECT_EQ(to_status(Error{Errc::kCompacted}),
            (rpc::GrpcStatus{GrpcCode::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"}));
  EXPECT_EQ(to_status(Error{Errc::kNoSpaceQuota}),
            (rpc::GrpcStatus{GrpcCode::kResourceExhausted, "etcdserver: mvcc: database space exceeded"}));
  EXPECT_EQ(to_status(Error{Errc::kCorruptCluster}), (rpc::GrpcStatus{GrpcCode::kDataLoss, "etcdserver: corrupt cluster"}));
}

TEST(Errors, TheTwoThatEtcdLosesTheCodeOfAreUnknown) {
  EXPECT_EQ(to_status(Error{Errc::kTooManyRequests}), (rpc::GrpcStatus{GrpcCode::kUnknown, "etcdserver: too many requests"}));
  EXPECT_EQ(to_status(Error{Errc::kMemberNotEnoughStarted}).code, GrpcCode::kUnknown);
}

TEST(Errors, WhatHasNoRowIsUnknownWithItsOwnText) {
  EXPECT_EQ(to_status(Error{Errc::kIo, "pread /db: Input/output error"}),
            (rpc::GrpcStatus{GrpcCode::kUnknown, "pread /db: Input/output error"}));
}

}  // namespace
}  // namespace etcd::api
