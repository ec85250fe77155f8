// A service that has orders in memory and wants its metrics: the spec is text, the orders are an Arrow batch.
#include <alidade/alidade.h>

#include <iostream>

#include "orders.h"

using namespace alidade::embed;

constexpr const char* kSpec = R"(module shop
stream orders { time at : timestamp; entity customer : text; total : money(EUR) }
metric revenue   = sum(orders.total)
metric customers = unique(orders.customer)
metric typical   = revenue / customers)";

template <typename T>
T value_of(Outcome<T> outcome) {
  if (outcome) return std::move(*outcome);
  std::cerr << outcome.failure().message << "\n";
  std::exit(1);
}

int main() {
  const Spec spec = value_of(Spec::compile(kSpec, "shop.metric"));
  const Query query = value_of(spec.prepare({.per = "day"}));

  Data data;
  Orders monday({{"2026-01-05 09:00", "ann", "12.50"}, {"2026-01-05 10:00", "bob", "7.25"}});
  Orders tuesday({{"2026-01-06 11:00", "ann", "100"}});
  data.add("orders", &monday.schema, &monday.batch);
  data.add("orders", &tuesday.schema, &tuesday.batch);

  const Results results = value_of(query.run(std::move(data)));
  for (const Row& row : results.rows) {
    const Metric& metric = results.metrics[row.metric];
    std::cout << row.start / 86'400'000'000 << " " << metric.name << " = " << row.text << " " << metric.unit << "\n";
  }
}
