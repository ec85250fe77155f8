// Orders as an Arrow batch of three text columns, written out by hand so that the example needs no Arrow library. With
// one, arrow::ExportRecordBatch(batch, &array, &schema) does all of this.
#pragma once

#include <alidade/arrow_c_abi.h>

#include <string>
#include <vector>

struct Order {
  std::string at, customer, total;
};

/// Owns nothing once its structures have been taken over: each is released by whoever has it.
class Orders {
 public:
  explicit Orders(const std::vector<Order>& orders) {
    auto* columns = new Columns;
    for (const auto field : {&Order::at, &Order::customer, &Order::total}) columns->add(orders, field);
    batch.length = static_cast<int64_t>(orders.size());
    batch.n_buffers = 1;
    batch.buffers = columns->none;
    batch.n_children = 3;
    batch.children = columns->arrays;
    batch.private_data = columns;
    batch.release = [](ArrowArray* array) {
      auto* owned = static_cast<Columns*>(array->private_data);
      for (Column& column : owned->column) {
        if (column.array.release != nullptr) column.array.release(&column.array);
      }
      delete owned;
      array->release = nullptr;
    };

    auto* fields = new Fields;
    const char* names[] = {"at", "customer", "total"};
    for (int i = 0; i < 3; ++i) {
      fields->field[i].format = "u";
      fields->field[i].name = names[i];
      fields->field[i].release = [](ArrowSchema* field) { field->release = nullptr; };
      fields->pointers[i] = &fields->field[i];
    }
    schema.format = "+s";
    schema.name = "";
    schema.n_children = 3;
    schema.children = fields->pointers;
    schema.private_data = fields;
    schema.release = [](ArrowSchema* type) {
      delete static_cast<Fields*>(type->private_data);
      type->release = nullptr;
    };
  }

  ArrowSchema schema{};
  ArrowArray batch{};

 private:
  struct Column {
    ArrowArray array{};
    std::vector<int32_t> ends = {0};
    std::string text;
    const void* buffers[3] = {};
  };
  struct Columns {
    Column column[3];
    ArrowArray* arrays[3] = {};
    const void* none[1] = {};
    int count = 0;

    void add(const std::vector<Order>& orders, std::string Order::* field) {
      Column& made = column[count];
      for (const Order& order : orders) {
        made.text += order.*field;
        made.ends.push_back(static_cast<int32_t>(made.text.size()));
      }
      made.buffers[1] = made.ends.data();
      made.buffers[2] = made.text.data();
      made.array.length = static_cast<int64_t>(orders.size());
      made.array.n_buffers = 3;
      made.array.buffers = made.buffers;
      made.array.release = [](ArrowArray* array) { array->release = nullptr; };
      arrays[count++] = &made.array;
    }
  };
  struct Fields {
    ArrowSchema field[3] = {};
    ArrowSchema* pointers[3] = {};
  };
};
