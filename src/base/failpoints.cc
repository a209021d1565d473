#include "base/failpoints.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/go_text.h"

namespace etcd::base {

namespace {

constexpr int kExitOfAPanic = 2;

struct NamedTerms {
  std::string_view name;
  std::string_view terms;
};

Result<std::vector<NamedTerms>> split_settings(std::string_view settings) {
  std::vector<NamedTerms> out;
  while (!settings.empty()) {
    const std::size_t end = std::min(settings.find(';'), settings.size());
    const std::string_view one = settings.substr(0, end);
    settings.remove_prefix(std::min(end + 1, settings.size()));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || one.find('=', equals + 1) != std::string_view::npos) {
      return fail(Errc::kInvalid, "bad failpoint " + go_quote(one));
    }
    out.push_back({one.substr(0, equals), one.substr(equals + 1)});
  }
  return out;
}

// Milliseconds, or a duration as Go writes it.
std::optional<std::int64_t> nanoseconds(const FailValue& value) {
  if (const auto* ms = std::get_if<std::int64_t>(&value)) return *ms * 1'000'000;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  const auto duration = parse_duration(*text);
  return duration ? std::optional(duration->count()) : std::nullopt;
}

}  // namespace

Failpoints::Actions Failpoints::real_actions() {
  return {.sleep = [](std::int64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); },
          .panic =
              [](const std::string& why) {
                std::fprintf(stderr, "panic: %s\n", why.c_str());
                ::_exit(kExitOfAPanic);
              },
          .print =
              [](const std::string& line) {
                std::printf("%s\n", line.c_str());
                std::fflush(stdout);
              },
          .draw =
              [] {
                thread_local std::minstd_rand random{std::random_device()()};
                return std::uniform_real_distribution<double>()(random);
              }};
}

// What it does, it does without the lock: a point that sleeps can be set anew meanwhile.
std::optional<FailValue> Failpoints::pass(FailpointName name) {
  Point& point = points_[static_cast<std::size_t>(name)];
  if (!point.is_set.load(std::memory_order_acquire)) return std::nullopt;
  FailTerms::Step step;
  {
    const std::lock_guard lock(point.mutex);
    if (point.terms) step = point.terms->next(actions_.draw);
  }
  const std::string_view text = kFailpointNames[static_cast<std::size_t>(name)];
  switch (step.action) {
    case FailAction::kOff:
    case FailAction::kBreak: break;  // there is no debugger to call
    case FailAction::kReturn: return std::move(step.value);
    case FailAction::kSleep: sleep(text, step.value); break;
    case FailAction::kPanic: panic(text, step.value); break;
    case FailAction::kPrint: actions_.print("failpoint print: " + std::string(text)); break;
  }
  return std::nullopt;
}

void Failpoints::sleep(std::string_view name, const FailValue& value) {
  const auto ns = nanoseconds(value);
  if (!ns) return actions_.print("failpoint: ignoring sleep without a duration on " + std::string(name));
  actions_.sleep(*ns);
}

void Failpoints::panic(std::string_view name, const FailValue& value) {
  const auto* why = std::get_if<std::string>(&value);
  panics_.acquire();
  actions_.panic("failpoint panic: " + std::string(why == nullptr ? name : *why));
  panics_.release();
}

Result<std::size_t> Failpoints::place_of(std::string_view name) {
  const auto found = std::ranges::lower_bound(kFailpointNames, name);
  if (found == kFailpointNames.end() || *found != name) return fail(Errc::kNotExist, "failpoint: failpoint does not exist");
  return static_cast<std::size_t>(found - kFailpointNames.begin());
}

Status Failpoints::set(std::string_view name, std::string_view terms) {
  TRY_ASSIGN(const std::size_t place, place_of(name));
  TRY_ASSIGN(FailTerms read, FailTerms::parse(terms));
  Point& point = points_[place];
  const std::lock_guard lock(point.mutex);
  point.terms = std::move(read);
  point.is_set.store(true, std::memory_order_release);
  return {};
}

Status Failpoints::set_from_environment(std::string_view settings) {
  TRY_ASSIGN(const std::vector<NamedTerms> all, split_settings(settings));
  for (const NamedTerms& one : all) {
    const Status done = set(one.name, one.terms);
    if (!done) actions_.print("failed to enable \"" + std::string(one.name) + "=" + std::string(one.terms) + "\" (" + describe(done.error()) + ")");
  }
  return {};
}

Status Failpoints::set_all(std::string_view settings) {
  TRY_ASSIGN(const std::vector<NamedTerms> all, split_settings(settings));
  for (const NamedTerms& one : all) TRY(set(one.name, one.terms));
  return {};
}

Status Failpoints::clear(std::string_view name) {
  TRY_ASSIGN(const std::size_t place, place_of(name));
  Point& point = points_[place];
  const std::lock_guard lock(point.mutex);
  point.is_set.store(false, std::memory_order_release);
  if (!point.terms) return fail(Errc::kInvalid, "failpoint: failpoint is disabled");
  point.terms.reset();
  return {};
}

Result<Failpoints::Setting> Failpoints::setting(std::string_view name) const {
  TRY_ASSIGN(const std::size_t place, place_of(name));
  const Point& point = points_[place];
  const std::lock_guard lock(point.mutex);
  if (!point.terms) return fail(Errc::kInvalid, "failpoint: failpoint is disabled");
  return Setting{point.terms->text(), point.terms->count()};
}

std::string Failpoints::list() const {
  std::string out;
  for (const std::string_view name : kFailpointNames) {
    const auto set_to = setting(name);
    out += std::string(name) + "=" + (set_to ? set_to->terms : "") + "\n";
  }
  return out;
}

}  // namespace etcd::base
