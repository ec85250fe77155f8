// A host program that asks what the example does not: failures as values, who releases batches, one query on several
// threads, streams of batches. Prints what is not as promised and exits with 1; built by embed_test.py.
#include <alidade/alidade.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "orders.h"

using namespace alidade::embed;

namespace {

constexpr const char* kSpec = R"(module shop
stream orders { time at : timestamp; entity customer : text; total : money(EUR) }
metric revenue = sum(orders.total)
metric mean_of = mean(orders.total)
metric early   = revenue at 1 day ago)";

int failures = 0;

void check(bool holds, const std::string& what) {
  if (holds) return;
  std::cout << "not so: " << what << "\n";
  ++failures;
}

/// A stream of three batches of one order each that counts its releases; fails after `good` batches.
struct Feed {
  int given = 0, good = 3, releases = 0;
  ArrowArrayStream stream{};
  Feed() {
    stream.private_data = this;
    stream.get_schema = [](ArrowArrayStream*, ArrowSchema* out) {
      Orders none({});
      none.batch.release(&none.batch);
      *out = none.schema;
      return 0;
    };
    stream.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
      auto* feed = static_cast<Feed*>(self->private_data);
      *out = {};
      if (feed->given == feed->good) return feed->good == 3 ? 0 : 5;
      ++feed->given;
      Orders one({{"2026-01-05 09:00", "ann", "2.50"}});
      one.schema.release(&one.schema);
      *out = one.batch;
      return 0;
    };
    stream.get_last_error = [](ArrowArrayStream*) { return "the wire is cut"; };
    stream.release = [](ArrowArrayStream* self) {
      ++static_cast<Feed*>(self->private_data)->releases;
      self->release = nullptr;
    };
  }
};

void failures_are_values() {
  const Outcome<Spec> broken = Spec::compile("module shop\nmetric a = nothing + 1\n", "broken.metric");
  check(!broken && broken.failure().code != 0, "a broken spec fails");
  check(!broken && broken.failure().message.find("broken.metric:2") != std::string::npos, "its message has the place");
  check(Spec::compile("module shop\nimport std.engagement\n").failure().code == 1201, "a text imports nothing");
  const Spec spec = *Spec::compile(kSpec);
  check(spec.metrics() == std::vector<std::string>{"revenue", "mean_of", "early"}, "names of metrics");
  check(spec.streams() == std::vector<std::string>{"orders"}, "names of streams");
  check(spec.prepare({.metrics = {"revenues"}}).failure().code == 8101, "an unknown metric");
  check(!spec.prepare({.per = "fortnight"}), "an unknown grain");
  check(!spec.prepare({.by = {"colour"}}), "an unknown dimension");
  const Query query = *spec.prepare({.metrics = {"revenue"}});
  check(query.run(Data()).failure().code == 7103, "a stream without data");
  Data strange;
  Orders orders({});
  strange.add("order", &orders.schema, &orders.batch);
  check(query.run(std::move(strange)).failure().code == 7103, "a stream that the spec does not have");
  Data bad;
  Orders wrong({{"2026-01-05 09:00", "ann", "much"}});
  bad.add("orders", &wrong.schema, &wrong.batch);
  check(query.run(std::move(bad)).failure().code == 7202, "a bad row");
}

void batches_are_taken_over() {
  const Query query = *Spec::compile(kSpec)->prepare({.metrics = {"revenue", "mean_of"}, .per = "day"});
  Feed whole, cut, unread;
  cut.good = 1;
  {
    Data data;
    Orders orders({{"2026-01-05 10:00", "bob", "0.5"}});
    data.add("orders", &orders.schema, &orders.batch);
    data.add("orders", &whole.stream);
    check(orders.batch.release == nullptr && orders.schema.release == nullptr && whole.stream.release == nullptr,
          "added structures are moved");
    const Outcome<Results> results = query.run(std::move(data));
    check(results && results->rows.size() == 2 && results->rows[0].text == "8" && results->rows[1].value == 2.0,
          "batches and streams of batches add up");
    check(results && results->streams[0].rows == 4, "rows are counted");
  }
  check(whole.releases == 1 && whole.given == 3, "a stream is read to its end and released once");
  {
    Data data;
    data.add("orders", &cut.stream);
    const Outcome<Results> results = query.run(std::move(data));
    check(!results && results.failure().code == 7107 &&
              results.failure().message.find("the wire is cut") != std::string::npos,
          "a stream's own failure comes through");
  }
  {
    Data data;
    data.add("orders", &unread.stream);
  }
  check(cut.releases == 1 && unread.releases == 1, "what is not read to its end is released too");
}

void undefined_values_have_reasons() {
  Data data;
  Orders orders({{"2026-01-05 09:00", "ann", "1"}});
  data.add("orders", &orders.schema, &orders.batch);
  const Outcome<Results> results =
      Spec::compile(kSpec)->prepare({.metrics = {"early"}, .per = "day"})->run(std::move(data));
  check(results && results->rows.size() == 1 && !results->rows[0].value && results->rows[0].reason == "no_data" &&
            results->rows[0].text.empty(),
        "an undefined value");
}

void one_query_on_many_threads() {
  const Query query = *Spec::compile(kSpec)->prepare({.metrics = {"revenue"}}, {.threads = 1});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        Data data;
        Orders orders({{"2026-01-05 09:00", "ann", "1.25"}, {"2026-01-06 09:00", "bob", "2"}});
        data.add("orders", &orders.schema, &orders.batch);
        const Outcome<Results> results = query.run(std::move(data));
        if (!results || results->rows[0].text != "3.25") ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  check(wrong == 0, "the same results on every thread");
}

}  // namespace

int main() {
  failures_are_values();
  batches_are_taken_over();
  undefined_values_have_reasons();
  one_query_on_many_threads();
  return failures == 0 ? 0 : 1;
}
