#include "rpc/h2_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "rpc/testing/h2_client.h"

namespace etcd::rpc {
namespace {

using testing::Fields;
using testing::H2Client;
using testing::raw_frame;
using testing::raw_preface;

constexpr H2Field kOkHeaders[] = {{":status", "200", true}, {"content-type", "application/grpc", true}};
constexpr H2Field kOkTrailers[] = {{"grpc-status", "0", true}};

// A server session without a socket; what it reports is kept by stream id.
struct Server {
  explicit Server(Options chosen = {}) : options(std::move(chosen)) {}

  std::string all_output() {
    std::string all;
    for (OutputBatch batch;;) {
      session.produce(batch, now_ns);
      read_events();
      if (batch.empty()) return all;
      while (!batch.empty()) {
        std::array<iovec, 16> pieces;
        std::size_t bytes = 0;
        for (std::size_t i = 0, count = batch.describe(pieces); i < count; bytes += pieces[i++].iov_len) {
          all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
        }
        batch.drop(bytes);
      }
    }
  }

  void receive(std::string_view bytes) {
    session.receive(bytes, now_ns);
    read_events();
  }

  // Carries bytes both ways until there are none.
  void exchange_with(H2Client& client) {
    for (bool busy = true; busy;) {
      const std::string in = client.take_output();
      receive(in);
      const std::string out = all_output();
      client.receive(out);
      busy = !in.empty() || !out.empty();
    }
  }

  void read_events() {
    for (std::size_t i = 0; i < session.events().size(); ++i)
      std::visit([&](const auto& event) { note(event); }, session.events()[i]);
    session.events().clear();
  }
  void note(const H2Request& event) { streams[event.stream->id()] = event.stream; }
  void note(const H2Data& event) {
    bodies[event.stream->id()] += event.bytes;
    if (consumes) session.consume(*event.stream, event.bytes.size());
  }
  void note(const H2End& event) {
    ended[event.stream->id()] = true;
    if (on_end) on_end(*event.stream);
  }
  void note(const H2Closed& event) {
    closed[event.stream->id()] = event.error;
    session.release(event.stream);
  }
  void note(const H2Drained& event) { drained[event.stream->id()] += event.bytes; }
  void note(const H2Pong& event) { pongs.push_back(event.payload); }

  H2Stream& stream(std::int32_t id) { return *streams.at(id); }

  Options options;
  H2StreamPool pool;
  H2Session session{options, pool};
  std::int64_t now_ns = kSecond;
  bool consumes = true;
  std::function<void(H2Stream&)> on_end;
  std::map<std::int32_t, H2Stream*> streams;
  std::map<std::int32_t, std::string> bodies;
  std::map<std::int32_t, bool> ended;
  std::map<std::int32_t, std::uint32_t> closed;
  std::map<std::int32_t, std::size_t> drained;
  std::vector<std::uint64_t> pongs;
};

void answer_ok(Server& server, H2Stream& stream, std::string body) {
  server.session.begin(stream, kOkHeaders);
  server.session.write(stream, "", base::Rope(std::move(body)));
  server.session.finish_with(stream, kOkTrailers);
}

TEST(H2Session, ARequestComesInAndItsAnswerGoesOutWithTrailers) {
  Server server;
  H2Client client;
  const auto id = client.call("/a/B", "hello");
  server.exchange_with(client);
  EXPECT_EQ(server.stream(id).head().find(":path"), "/a/B");
  EXPECT_EQ(server.bodies[id], testing::framed("hello"));
  EXPECT_TRUE(server.ended[id]);
  answer_ok(server, server.stream(id), "world");
  server.exchange_with(client);
  EXPECT_EQ(client.answer(id).headers.at(":status"), "200");
  EXPECT_EQ(client.answer(id).body, "world");
  EXPECT_EQ(client.answer(id).grpc_status(), "0");
  EXPECT_TRUE(client.answer(id).ended);
  EXPECT_EQ(client.answer(id).reset, std::nullopt);
  EXPECT_EQ(server.closed.at(id), 0U);
  EXPECT_EQ(server.session.active_streams(), 0U);
}

TEST(H2Session, AnAnswerOfHeadersAloneEndsTheStream) {
  Server server;
  H2Client client;
  const auto id = client.call("/a/B", "");
  server.exchange_with(client);
  constexpr H2Field kFields[] = {{":status", "200", true}, {"grpc-status", "12", true}};
  server.session.answer(server.stream(id), kFields);
  server.exchange_with(client);
  EXPECT_TRUE(client.answer(id).ended);
  EXPECT_EQ(client.answer(id).grpc_status(), "12");
}

TEST(H2Session, AClientThatIsStillSendingIsResetWithoutBlame) {
  Server server;
  H2Client client;
  const auto id = client.open_call("/a/B");
  server.exchange_with(client);
  answer_ok(server, server.stream(id), "done");
  server.exchange_with(client);
  EXPECT_EQ(client.answer(id).body, "done");
  EXPECT_EQ(client.answer(id).grpc_status(), "0");
  EXPECT_EQ(client.answer(id).reset, 0U);
  EXPECT_TRUE(server.closed.contains(id));
}

TEST(H2Session, PiecesAreSentAsTheyComeAndReportedWhenProduced) {
  Server server;
  H2Client client;
  const auto id = client.open_call("/a/B");
  server.exchange_with(client);
  H2Stream& stream = server.stream(id);
  stream.reports_drained = true;
  server.session.begin(stream, kOkHeaders);
  server.exchange_with(client);
  EXPECT_EQ(client.answer(id).headers.at(":status"), "200");
  for (int i = 0; i < 3; ++i) {
    server.session.write(stream, "12345", base::Rope(std::string("piece")));
    server.exchange_with(client);
    EXPECT_EQ(client.answer(id).body.size(), static_cast<std::size_t>(i + 1) * 10);
    EXPECT_EQ(server.drained[id], static_cast<std::size_t>(i + 1) * 10);
  }
  server.session.finish_with(stream, Fields{{"grpc-status", "1"}, {"grpc-message", "gone"}});
  server.exchange_with(client);
  EXPECT_EQ(client.answer(id).grpc_message(), "gone");
}

TEST(H2Session, ALargeAnswerFlowsAsTheClientTakesIt) {
  Server server;
  H2Client client({.window_bytes = 20'000, .refill_windows = false});
  const auto id = client.call("/a/B", "");
  server.exchange_with(client);
  std::string body(200'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i / 7);
  answer_ok(server, server.stream(id), body);
  server.exchange_with(client);
  EXPECT_EQ(client.answer(id).body.size(), 20'000U);
  EXPECT_EQ(server.stream(id).queued_bytes(), 180'000U);
  client.open_window(id, 200'000);
  server.exchange_with(client);
  EXPECT_EQ(client.answer(id).body, body);
  EXPECT_EQ(client.answer(id).grpc_status(), "0");
}

TEST(H2Session, OneProduceIsBoundedAndTheNextGoesOn) {
  Server server;
  H2Client client({.window_bytes = 10'000'000});
  client.open_window(0, 10'000'000);
  const auto id = client.call("/a/B", "");
  server.exchange_with(client);
  answer_ok(server, server.stream(id), std::string(3'000'000, 'y'));
  OutputBatch batch;
  server.session.produce(batch, server.now_ns);
  EXPECT_GE(batch.size(), OutputBatch::kFullBytes);
  EXPECT_LE(batch.size(), 2 * OutputBatch::kFullBytes);
  EXPECT_TRUE(server.session.wants_output());
}

TEST(H2Session, UnconsumedDataStopsTheClientAtTheWindow) {
  Server server({.stream_window_bytes = 65'535});
  server.consumes = false;
  H2Client client;
  const auto id = client.open_call("/a/B");
  client.send(id, std::string(200'000, 'z'), true);
  server.exchange_with(client);
  EXPECT_EQ(server.bodies[id].size(), 65'535U);
  server.session.consume(server.stream(id), 65'535);
  server.exchange_with(client);
  EXPECT_EQ(server.bodies[id].size(), 2 * 65'535U);
  server.consumes = true;
  server.session.consume(server.stream(id), 65'535);
  server.exchange_with(client);
  EXPECT_EQ(server.bodies[id].size(), 200'000U);
  EXPECT_TRUE(server.ended[id]);
}

TEST(H2Session, AStreamThatIsNotReadDoesNotStopItsNeighbours) {
  Server server({.stream_window_bytes = 65'535, .connection_window_bytes = 100'000});
  server.consumes = false;
  H2Client client;
  const auto stuck = client.open_call("/a/B");
  client.send(stuck, std::string(100'000, 'z'), true);
  server.exchange_with(client);
  server.consumes = true;
  const auto other = client.open_call("/a/B");
  client.send(other, std::string(300'000, 'z'), true);
  server.exchange_with(client);
  EXPECT_EQ(server.bodies[other].size(), 300'000U);
}

TEST(H2Session, AResetIsTheStreamsLastEvent) {
  Server server;
  H2Client client;
  const auto id = client.open_call("/a/B");
  server.exchange_with(client);
  H2Stream& stream = server.stream(id);
  client.reset(id, 8);
  const std::string bytes = client.take_output();
  server.session.receive(bytes, server.now_ns);
  EXPECT_TRUE(stream.is_closed());
  answer_ok(server, stream, "too late");  // must be harmless
  server.exchange_with(client);
  EXPECT_EQ(server.closed.at(id), 8U);
}

TEST(H2Session, ARequestThatIsResetInTheSameBytesIsClosedWhenItIsSeen) {
  Server server;
  H2Client client;
  server.exchange_with(client);
  const auto id = client.call("/a/B", "x");
  std::string bytes = client.take_output();
  bytes += raw_frame(3, 0, id, std::string("\0\0\0\x8", 4));
  server.session.receive(bytes, server.now_ns);
  const auto* const request = std::get_if<H2Request>(&server.session.events().front());
  ASSERT_NE(request, nullptr);
  EXPECT_TRUE(request->stream->is_closed());
  server.read_events();
}

TEST(H2Session, AHeaderListOverTheLimitIsReset) {
  Server server({.max_header_list_bytes = 2000});
  H2Client client;
  const auto fits = client.call("/a/B", "", {{"x", std::string(1000, 'h')}});
  const auto large = client.call("/a/B", "", {{"x", std::string(2000, 'h')}});
  const auto many = client.open_call("/a/B", Fields(60, {"k", "v"}));
  server.exchange_with(client);
  EXPECT_TRUE(server.streams.contains(fits));
  for (const auto id : {large, many}) {
    EXPECT_FALSE(server.streams.contains(id));
    EXPECT_EQ(client.answer(id).reset, 6U);
  }
  EXPECT_EQ(server.session.active_streams(), 1U);
}

// One byte for each field: a reference to the largest that the table holds.
TEST(H2Session, AHeaderListThatIsABombEndsTheConnectionBeforeItIsUnpacked) {
  std::size_t looked_at = 0;
  Server server({.max_header_list_bytes = 2000,
                 .on_header_field = [&](std::string_view name, std::string_view) { looked_at += name == "x" ? 1 : 0; }});
  server.receive(raw_preface());
  const std::string literal = std::string("\x40\x01x\x7f\xe9\x06", 6) + std::string(1000, 'v');  // indexed from here on
  server.receive(raw_frame(1, 4, 1, std::string("\x83\x86\x44\x04/a/B\x41\x01h", 11) + literal));
  EXPECT_EQ(looked_at, 1U);
  server.receive(raw_frame(1, 4, 3, std::string("\x83\x86\x44\x04/a/B\x41\x01h", 11) + std::string(16'000, '\xc0')));
  EXPECT_TRUE(server.session.is_over());
  EXPECT_LT(looked_at, 20U);
  // GOAWAY (type 7), ENHANCE_YOUR_CALM.
  EXPECT_NE(server.all_output().find("header_list_too_large"), std::string::npos);
}

TEST(H2Session, EachFieldOfARequestsHeaderIsTold) {
  Fields told;
  Server server({.on_header_field = [&](std::string_view name, std::string_view value) { told.emplace_back(name, value); }});
  H2Client client;
  client.open_call("/a/B", {{"x", "y"}});
  server.exchange_with(client);
  EXPECT_EQ(std::count(told.begin(), told.end(), Fields::value_type(":path", "/a/B")), 1);
  EXPECT_EQ(std::count(told.begin(), told.end(), Fields::value_type("x", "y")), 1);
}

TEST(H2Session, MessagesThatHttpForbidsAreReset) {
  Server server;
  H2Client client;
  const Fields sane = {{":method", "POST"}, {":scheme", "http"}, {":path", "/a/B"}, {":authority", "x"}};
  Fields encoded = sane;
  encoded.emplace_back("te", "gzip");
  Fields connection = sane;
  connection.emplace_back("connection", "close");
  Fields no_path = sane;
  no_path.erase(no_path.begin() + 2);
  for (const Fields& fields : {encoded, connection, no_path}) {
    const auto id = client.request(fields, true);
    server.exchange_with(client);
    EXPECT_EQ(client.answer(id).reset, 1U);
  }
  EXPECT_TRUE(server.streams.empty());
  EXPECT_TRUE(client.goaways().empty());
}

TEST(H2Session, PingsAreAnsweredAtOnce) {
  Server server;
  H2Client client;
  client.ping();
  server.exchange_with(client);
  EXPECT_EQ(client.pongs(), 1);
}

TEST(H2Session, TooManyPingsEndTheConnection) {
  Server server;
  H2Client client;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(server.session.is_over());
    client.ping();
    server.exchange_with(client);
  }
  EXPECT_TRUE(server.session.is_over());
  ASSERT_EQ(client.goaways().size(), 1U);
  EXPECT_EQ(client.goaways()[0].error, 11U);
  EXPECT_EQ(client.goaways()[0].debug_data, "too_many_pings");
}

TEST(H2Session, ItsOwnPingComesBack) {
  Server server;
  H2Client client;
  server.session.ping(0x1234);
  server.exchange_with(client);
  EXPECT_EQ(server.pongs, std::vector<std::uint64_t>{0x1234});
}

TEST(H2Session, RapidResetsEndTheConnectionAndHonestCancellingDoesNot) {
  Server server({.reset_limit = {.burst = 100, .per_second = 50}});
  H2Client client;
  server.exchange_with(client);
  const auto open_and_reset = [&] {
    const auto id = client.open_call("/a/B");
    server.exchange_with(client);
    client.reset(id, 8);
    server.exchange_with(client);
  };
  for (int i = 0; i < 200; ++i) {
    server.now_ns += kSecond / 50;
    open_and_reset();
  }
  EXPECT_FALSE(server.session.is_over());
  for (int i = 0; i < 101 && !server.session.is_over(); ++i) open_and_reset();
  EXPECT_TRUE(server.session.is_over());
  EXPECT_EQ(client.goaways().at(0).debug_data, "too_many_resets");
}

// As when the server has stood still and all who waited give up.
TEST(H2Session, CallsThatHaveWaitedForLongMayAllBeGivenUpAtOnce) {
  Server server({.reset_limit = {.burst = 100, .per_second = 50}});
  H2Client client;
  std::vector<std::int32_t> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(client.open_call("/a/B"));
  server.exchange_with(client);
  server.now_ns += kSecond;
  for (const std::int32_t call : calls) client.reset(call, 8);
  server.exchange_with(client);
  EXPECT_EQ(server.closed.size(), calls.size());
  EXPECT_FALSE(server.session.is_over());
}

TEST(H2Session, AResetMayCrossTheAnswerOfEachCall) {
  Server server({.reset_limit = {.burst = 100, .per_second = 1}});
  H2Client client;
  std::vector<std::int32_t> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(client.open_call("/a/B"));
  server.exchange_with(client);
  for (const std::int32_t call : calls) server.session.answer(server.stream(call), kOkHeaders);
  const std::string answers = server.all_output();
  for (const std::int32_t call : calls) client.reset(call, 8);
  server.receive(client.take_output());
  EXPECT_FALSE(server.session.is_over());
  const std::string again = raw_frame(3, 0, calls.front(), std::string("\0\0\0\x08", 4));
  for (int i = 0; i < 101 && !server.session.is_over(); ++i) server.receive(again);
  EXPECT_TRUE(server.session.is_over()) << "resets without end of a stream that is long gone";
}

TEST(H2Session, FloodsOfEmptyFramesEndTheConnection) {
  const std::string settings = raw_frame(4, 0, 0, "");
  const std::string priority = raw_frame(2, 0, 1, std::string("\0\0\0\0\x10", 5));
  const std::string empty_data = raw_frame(0, 0, 1, "");
  for (const std::string& frame : {settings, priority, empty_data}) {
    Server server;
    H2Client client;
    client.open_call("/a/B");
    server.receive(client.take_output());
    for (int i = 0; i < 1100 && !server.session.is_over(); ++i) {
      server.receive(frame);
      (void)server.all_output();  // the client reads its answers: they don't gather
    }
    EXPECT_TRUE(server.session.is_over()) << static_cast<int>(frame[3]);
  }
}

TEST(H2Session, ResetsThatTheClientProvokesCountAsItsOwn) {
  Server server({.reset_limit = {.burst = 50, .per_second = 1}});
  H2Client client;
  server.exchange_with(client);
  for (int i = 0; i < 60 && !server.session.is_over(); ++i) {
    const auto id = client.open_call("/a/B");
    server.receive(client.take_output());
    server.receive(raw_frame(8, 0, id, std::string("\0\0\0\0", 4)));  // a window update of nothing
    (void)server.all_output();
  }
  EXPECT_TRUE(server.session.is_over());
}

TEST(H2Session, AContinuationFloodEndsTheConnection) {
  Server server;
  server.receive(raw_preface());
  server.receive(raw_frame(1, 0, 1, ""));  // HEADERS without END_HEADERS
  for (int i = 0; i < 100 && !server.session.is_over(); ++i) server.receive(raw_frame(9, 0, 1, ""));
  EXPECT_TRUE(server.session.is_over());
}

// The bytes of HEADERS that open a stream, in HPACK's static table and literals.
std::string opening(std::int32_t stream) {
  constexpr std::uint8_t kHeaders = 1, kEndHeaders = 4;
  return raw_frame(kHeaders, kEndHeaders, stream, std::string("\x83\x86\x44\x04/a/B\x41\x01h", 11));
}

TEST(H2Session, AStreamBelowTheLastThatWasNeverOpenedEndsTheConnection) {
  Server server;
  server.receive(raw_preface());
  server.receive(opening(1));
  server.receive(opening(9));
  EXPECT_FALSE(server.session.is_over());
  server.receive(opening(5));
  EXPECT_TRUE(server.session.is_over());
  // GOAWAY (type 7), last stream 9, PROTOCOL_ERROR.
  EXPECT_NE(server.all_output().find(std::string("\x07\0\0\0\0\0\0\0\0\x09\0\0\0\x01", 14)), std::string::npos);
}

TEST(H2Session, HeadersOnALowerStreamThatIsOverAreTakenForItsTrailers) {
  Server server;
  server.receive(raw_preface());
  server.receive(opening(1));
  server.session.reset(server.stream(1), H2Error::kCancel);
  server.all_output();
  server.receive(opening(3));
  server.receive(opening(1));
  EXPECT_FALSE(server.session.is_over());
}

TEST(H2Session, BytesThatAreNotHttp2EndTheConnection) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), raw_preface() + std::string(100, '\xff')}) {
    Server server;
    server.receive(bytes);
    (void)server.all_output();
    EXPECT_TRUE(server.session.is_over());
  }
}

TEST(H2Session, DrainingTellsTheClientFirstAndThenTakesNoMore) {
  Server server;
  H2Client client;
  const auto early = client.open_call("/a/B");
  server.exchange_with(client);
  server.session.notice_shutdown();
  const auto racing = client.open_call("/a/B");
  server.exchange_with(client);
  ASSERT_EQ(client.goaways().size(), 1U);
  EXPECT_EQ(client.goaways()[0].last_stream, 0x7fffffff);
  EXPECT_TRUE(server.streams.contains(racing));

  server.session.refuse_new_streams();
  server.exchange_with(client);
  EXPECT_EQ(client.goaways().at(1).last_stream, racing);
  EXPECT_FALSE(server.session.is_over());
  for (const auto id : {early, racing}) {
    client.send(id, "", true);
    server.exchange_with(client);
    answer_ok(server, server.stream(id), "last words");
    server.exchange_with(client);
    EXPECT_EQ(client.answer(id).body, "last words");
  }
  EXPECT_TRUE(server.session.is_over());
}

TEST(H2Session, TheLimitOfStreamsIsAnnounced) {
  Server server({.max_concurrent_streams = 3});
  H2Client client;
  server.exchange_with(client);
  EXPECT_EQ(client.allowed_streams(), 3U);
}

TEST(H2Session, LargeAndSmallAnswersShareTheConnectionFairly) {
  Server server;
  H2Client client({.window_bytes = 100'000'000});
  client.open_window(0, 100'000'000);
  const auto large = client.call("/a/B", "");
  const auto small = client.call("/a/B", "");
  server.exchange_with(client);
  answer_ok(server, server.stream(large), std::string(20'000'000, 'L'));
  OutputBatch first;
  server.session.produce(first, server.now_ns);
  answer_ok(server, server.stream(small), "s");
  OutputBatch second;
  server.session.produce(second, server.now_ns);
  server.read_events();
  EXPECT_TRUE(server.stream(large).queued_bytes() > 0);
  EXPECT_EQ(server.stream(small).queued_bytes(), 0U);
}

}  // namespace
}  // namespace etcd::rpc
