// Log: the entries a member holds in memory, from the compacted point on, and how far they are on their way to disk.
//
// Owner: Raft. Entries lie in shared blocks of at most 256, so that a range is handed out without copying and stays valid when the log is cut
// or compacted: a slot once written is never written again. Terms are kept as runs beside them; term() touches no entry.
// Invariants: compacted <= handed <= last;  durable <= handed, and durable >= compacted unless a snapshot is on its way to disk;
//   terms never fall.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "raft/entries.h"
#include "raft/types.h"

namespace etcd::raft {

// The place of an entry: no two different entries have the same.
struct EntryId {
  Term term;
  LogIndex index;

  friend bool operator==(const EntryId&, const EntryId&) = default;
};

class Log {
 public:
  // An empty log after `base`, which is durable.
  explicit Log(EntryId base);

  // Entries up to here are not in memory; the term of this one still is.
  LogIndex compacted() const { return compacted_; }
  LogIndex last() const { return last_; }
  LogIndex durable() const { return durable_; }
  // Given to the disk stage up to here.
  LogIndex handed() const { return handed_; }
  EntryId last_id() const { return {terms_.back().term, last_}; }

  // The term of an entry; nothing below compacted() and above last().
  std::optional<Term> term(LogIndex index) const;
  bool has(EntryId id) const;
  // Is a log that ends with `theirs` at least as good as this one (thesis 3.6.1)?
  bool is_up_to_date(EntryId theirs) const;
  // The highest index <= `index` whose term is <= `term` or unknown, with its term (0 if unknown): the best guess at where this log may
  // match one that has `term` at `index`.
  EntryId guess_match(LogIndex index, Term term) const;
  // Is there a membership change in (after, upto]?
  bool has_conf_change(LogIndex after, LogIndex upto) const;

  // Appends one entry; its index is last() + 1, its term not below that of the last.
  void append(Entry entry);
  // Drops everything after `index`; compacted() <= index <= last(). What was handed to disk of it is void.
  void truncate(LogIndex index);
  // Forgets entries up to `index`; compacted() <= index <= last().
  void compact(LogIndex index);
  // Everything is replaced by a snapshot at `base`. Not durable before persisted(base.index).
  void reset(EntryId base);

  // Entries [first, last]; inside (compacted(), last()]. Shares.
  Entries range(LogIndex first, LogIndex last) const;
  // The highest index for which the entries from `first` (> compacted()) to it weigh no more than `limit` and which is <= `last`;
  // first.prev() if not even one fits.
  LogIndex fit(LogIndex first, LogIndex last, std::uint64_t limit) const;
  // Weight and payload of the entries in (after, upto]; the part no longer in memory counts nothing.
  std::uint64_t weight_of(LogIndex after, LogIndex upto) const;
  std::uint64_t payload_of(LogIndex after, LogIndex upto) const;

  // The entries not yet handed to disk, which counts as handing them over. Truncation shows as a first index at or below one handed before.
  Entries hand_over();
  // Entries up to `index` as they are now are on disk.
  void persisted(LogIndex index);

 private:
  struct Block {
    // Reserved to its full size at birth, so that entries never move under a reader.
    struct Storage {
      std::vector<Entry> entries;
      std::vector<std::uint64_t> weight_upto;  // [i]: weight of entries 0..i
    };
    std::shared_ptr<Storage> storage;
    LogIndex first;
    std::size_t count = 0;  // of storage's entries belong to the log; fewer than all after a truncation, and then it gets no more

    LogIndex last() const { return LogIndex(first.value + count - 1); }
  };
  struct TermRun {
    LogIndex first;
    Term term;
  };

  Block& open_block(std::size_t weight);
  std::size_t block_of(LogIndex index) const;

  LogIndex compacted_;
  LogIndex last_;
  LogIndex handed_;
  LogIndex durable_;
  std::deque<Block> blocks_;        // consecutive; together they hold (compacted_, last_], the first may begin before
  std::vector<TermRun> terms_;      // never empty; the first run begins at compacted_
  std::deque<LogIndex> conf_changes_;  // in (compacted_, last_]
};

}  // namespace etcd::raft
