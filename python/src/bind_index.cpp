#include <fmt/format.h>
#include <pybind11/numpy.h>

#include "convert.h"
#include "module.h"
#include "relata/base/error.h"
#include "relata/index/index.h"

namespace relata::python {
namespace {

using index::Value;
using Numbers = py::array_t<float, py::array::c_style | py::array::forcecast>;

Value value_of(const py::handle& object) {
  if (object.is_none()) return std::monostate();
  if (py::isinstance<py::str>(object)) return object.cast<std::string>();
  if (py::isinstance<py::bool_>(object)) throw Error({.what = "a metadata value of type bool"});
  if (py::isinstance<py::float_>(object)) return object.cast<double>();
  if (py::isinstance<py::int_>(object)) {
    try {
      return object.cast<int64_t>();
    } catch (const py::cast_error&) {
      throw Error({.what = "a whole number that 64 bits do not hold"});
    }
  }
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    std::vector<std::string> texts;
    for (const py::handle& item : object) {
      if (!py::isinstance<py::str>(item)) throw Error({.what = "a list that holds no texts"});
      texts.push_back(item.cast<std::string>());
    }
    return texts;
  }
  throw Error({.what = "a metadata value that is no text, number or list of texts"});
}

py::object to_python(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return py::none();
  return std::visit(
      [](const auto& held) -> py::object {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>)
          return py::none();
        else
          return py::cast(held);
      },
      value);
}

/// [rows, width]
std::span<const float> matrix(const Numbers& numbers, int64_t width, const char* what) {
  if (numbers.ndim() != 2 || (width > 0 && numbers.shape(1) != width)) {
    throw Error({.what = width > 0 ? fmt::format("the {} must be [{}, {}]", what, what, width)
                                   : fmt::format("the {} must be [{}, width]", what, what)});
  }
  return {numbers.data(), static_cast<size_t>(numbers.size())};
}

struct Content {
  std::vector<std::string> ids;
  std::vector<std::string> texts;
  std::vector<std::vector<Value>> columns;
};

Content content_of(const std::vector<std::string>& ids, const py::list& columns,
                   const py::object& texts) {
  Content content{.ids = ids, .texts = {}, .columns = {}};
  if (!texts.is_none()) {
    for (const py::handle& text : texts)
      content.texts.push_back(text.is_none() ? "" : text.cast<std::string>());
    if (content.texts.size() != ids.size())
      throw Error({.what = fmt::format("{} texts for {} ids", content.texts.size(), ids.size())});
  }
  for (const py::handle& column : columns) {
    std::vector<Value>& values = content.columns.emplace_back();
    for (const py::handle& value : column) values.push_back(value_of(value));
  }
  return content;
}

void build(const std::string& folder, const Numbers& vectors, const std::vector<std::string>& ids,
           const std::vector<std::pair<std::string, std::string>>& kinds, const py::list& columns,
           const py::object& texts, bool bf16, const std::map<std::string, std::string>& facts) {
  const auto values = matrix(vectors, 0, "items");
  const Content content = content_of(ids, columns, texts);
  index::IndexSchema schema{.width = vectors.shape(1), .bf16 = bf16, .facts = facts};
  for (const auto& [name, kind] : kinds) {
    const auto known = index::kind_of(kind);
    if (!known) throw Error({.what = "no kind of column '" + kind + "'"});
    schema.columns.push_back({.name = name, .kind = *known});
  }
  const py::gil_scoped_release free;
  index::IndexWriter writer(folder, schema);
  writer.stage(
      {.ids = content.ids, .vectors = values, .texts = content.texts, .columns = content.columns});
  writer.commit();
}

void change(const std::string& folder, const Numbers& vectors, const std::vector<std::string>& ids,
            const py::list& columns, const py::object& texts,
            const std::vector<std::string>& removed) {
  const Content content = content_of(ids, columns, texts);
  std::span<const float> values;
  if (!ids.empty()) values = matrix(vectors, 0, "items");
  const py::gil_scoped_release free;
  index::IndexWriter writer(folder);
  writer.stage_removal(removed);
  writer.stage(
      {.ids = content.ids, .vectors = values, .texts = content.texts, .columns = content.columns});
  writer.commit();
}

struct SearchWords {
  std::string where;
  double lexical;
  std::vector<std::string> texts;
  std::string kind;
  bool distinct;
  bool bf16;
};

py::tuple search(const index::Index& index, const Numbers& queries, int64_t k,
                 const SearchWords& words) {
  const auto values = matrix(queries, index.schema().width, "queries");
  std::vector<std::vector<index::Match>> found;
  {
    const py::gil_scoped_release free;
    follow_torch_threads();
    std::optional<index::Filter> filter;
    if (!words.where.empty()) filter.emplace(words.where, index.schema().columns);
    found = index.search(values, {.k = k,
                                  .precision = words.bf16 ? index::ScanPrecision::kBf16
                                                          : index::ScanPrecision::kFp32,
                                  .lexical = {.weight = words.lexical,
                                              .kind = index::lexical_kind_of(words.kind),
                                              .terms = words.distinct ? index::QueryTerms::kDistinct
                                                                      : index::QueryTerms::kCounted,
                                              .texts = words.texts},
                                  .filter = filter ? &*filter : nullptr});
  }
  // All queries choose among the same items, so all find the same number.
  const size_t columns = found.empty() ? 0 : found.front().size();
  py::array_t<float> scores(
      {static_cast<py::ssize_t>(found.size()), static_cast<py::ssize_t>(columns)});
  float* out = scores.mutable_data();
  py::list ids;
  for (const auto& matches : found) {
    py::list row;
    for (const index::Match& match : matches) {
      *out++ = static_cast<float>(match.score);
      row.append(py::str(std::string(index.id(match.item))));
    }
    ids.append(row);
  }
  return py::make_tuple(scores, ids);
}

int64_t need(const index::Index& index, const std::string& id) {
  const auto item = index.find(id);
  if (!item) throw Error({.what = "no item '" + id + "'", .where = index.folder().string()});
  return *item;
}

py::dict metadata(const index::Index& index, const std::string& id) {
  const int64_t item = need(index, id);
  py::dict out;
  for (size_t i = 0; i < index.schema().columns.size(); ++i)
    out[py::str(index.schema().columns[i].name)] = to_python(index.value(item, i));
  return out;
}

py::array_t<float> vector(const index::Index& index, const std::string& id) {
  const auto values = index.vector(need(index, id));
  return py::array_t<float>(static_cast<py::ssize_t>(values.size()), values.data());
}

std::vector<std::string> ids_of(const index::Index& index) {
  std::vector<std::string> ids;
  for (int64_t item = 0; item < index.size(); ++item) ids.emplace_back(index.id(item));
  return ids;
}

std::vector<std::pair<std::string, std::string>> columns_of(const index::Index& index) {
  std::vector<std::pair<std::string, std::string>> columns;
  for (const index::Column& column : index.schema().columns)
    columns.emplace_back(column.name, index::kind_name(column.kind));
  return columns;
}

}  // namespace

void bind_index(py::module_& module) {
  module.def("build", build);
  module.def("change", change);
  py::class_<SearchWords>(module, "SearchWords")
      .def(py::init([](std::string where, double lexical, std::vector<std::string> texts,
                       std::string kind, bool distinct, bool bf16) {
        return SearchWords{std::move(where), lexical,  std::move(texts),
                           std::move(kind),  distinct, bf16};
      }));
  py::class_<index::Index>(module, "Index")
      .def(py::init([](const std::string& folder) { return index::Index(folder); }))
      .def("__len__", &index::Index::size)
      .def("__contains__", [](const index::Index& index,
                              const std::string& id) { return index.find(id).has_value(); })
      .def_property_readonly("width",
                             [](const index::Index& index) { return index.schema().width; })
      .def_property_readonly("bf16", [](const index::Index& index) { return index.schema().bf16; })
      .def_property_readonly("facts",
                             [](const index::Index& index) { return index.schema().facts; })
      .def_property_readonly("columns", columns_of)
      .def("ids", ids_of)
      .def("text", [](const index::Index& index,
                      const std::string& id) { return std::string(index.text(need(index, id))); })
      .def("vector", vector)
      .def("metadata", metadata)
      .def("verify", &index::Index::verify)
      .def("search", search);
}

}  // namespace relata::python
