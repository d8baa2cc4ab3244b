#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "module.h"
#include "relata/base/error.h"
#include "relata/text/presets.h"
#include "relata/text/tokenizer.h"

namespace relata::python {
namespace {

using text::EncodeOptions;
using text::Tokenizer;

text::InText in_text(const std::string& special) {
  if (special == "parse") return text::InText::kParse;
  if (special == "plain") return text::InText::kPlain;
  throw Error({.what = "special is \"" + special + "\", expected \"parse\" or \"plain\"",
               .remedy = "parse finds special tokens in the text, plain takes them for words"});
}

text::Side side(const std::string& name) {
  if (name == "right") return text::Side::kRight;
  if (name == "left") return text::Side::kLeft;
  throw Error({.what = "the side is \"" + name + "\", expected \"left\" or \"right\""});
}

text::Truncation truncation(int64_t max_length, const std::string& strategy,
                            const std::string& from) {
  using Strategy = text::Truncation::Strategy;
  text::Truncation result{.max_length = max_length, .side = side(from)};
  if (strategy == "only_first") {
    result.strategy = Strategy::kOnlyFirst;
  } else if (strategy == "only_second") {
    result.strategy = Strategy::kOnlySecond;
  } else if (strategy != "longest_first") {
    throw Error({.what = "strategy is \"" + strategy + "\"",
                 .remedy = "known are longest_first, only_first, only_second"});
  }
  return result;
}

/// The bytes of a str or bytes object, which must outlive the view. A str with lone surrogates has
/// no UTF-8; they become "?" in Python, so it is refused.
std::string_view view_of(const py::handle& object) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_Check(object.ptr()) != 0) {
    PyBytes_AsStringAndSize(object.ptr(), &data, &size);
    return {data, static_cast<std::size_t>(size)};
  }
  const char* const utf8 =
      PyUnicode_Check(object.ptr()) != 0 ? PyUnicode_AsUTF8AndSize(object.ptr(), &size) : nullptr;
  if (utf8 == nullptr) {
    PyErr_Clear();
    throw Error({.what = "a text is neither bytes nor a str that has a UTF-8 form",
                 .remedy = "give str without lone surrogates, or bytes"});
  }
  return {utf8, static_cast<std::size_t>(size)};
}

py::list encode(const Tokenizer& tokenizer, const py::sequence& texts, const std::string& special,
                bool add_special, std::optional<int64_t> max_length) {
  const std::vector<py::object> kept(texts.begin(), texts.end());
  std::vector<std::string_view> views;
  views.reserve(kept.size());
  for (const py::object& object : kept) views.push_back(view_of(object));
  EncodeOptions options{.special = in_text(special), .add_special = add_special};
  if (max_length) options.truncation = text::Truncation{.max_length = *max_length};
  std::vector<std::vector<int32_t>> ids;
  {
    const py::gil_scoped_release free;
    ids = tokenizer.encode_batch(views, options);
  }
  py::list result(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) result[i] = py::cast(ids[i]);
  return result;
}

py::dict as_dict(const text::Encoding& encoding) {
  py::list offsets(encoding.offsets.size());
  for (std::size_t i = 0; i < encoding.offsets.size(); ++i) {
    offsets[i] = py::make_tuple(encoding.offsets[i].begin, encoding.offsets[i].end);
  }
  py::dict result;
  result["ids"] = encoding.ids;
  result["type_ids"] = encoding.type_ids;
  result["special_mask"] = encoding.special_mask;
  result["attention_mask"] = encoding.attention_mask;
  result["offsets"] = offsets;
  return result;
}

py::dict encode_one(const Tokenizer& tokenizer, const py::object& first, const py::object& second,
                    const std::string& special, bool add_special, std::optional<int64_t> max_length,
                    const std::string& strategy, const std::string& truncation_side,
                    std::optional<int64_t> pad_to, int32_t pad_id,
                    const std::string& padding_side) {
  EncodeOptions options{.special = in_text(special), .add_special = add_special};
  if (max_length) options.truncation = truncation(*max_length, strategy, truncation_side);
  if (pad_to) {
    options.padding = text::Padding{.length = *pad_to, .side = side(padding_side), .id = pad_id};
  }
  return as_dict(second.is_none()
                     ? tokenizer.encode(view_of(first), options)
                     : tokenizer.encode_pair(view_of(first), view_of(second), options));
}

std::string decode(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_special) {
  return tokenizer.decode(ids, skip_special);
}

Tokenizer load(const std::filesystem::path& path, const std::string& clean, bool irra_mask,
               std::optional<int32_t> clip_pad) {
  if (clean != "hf" && clean != "openai") {
    throw Error({.what = "clean is \"" + clean + "\", expected \"hf\" or \"openai\""});
  }
  return Tokenizer::load(
      path, {.clip_cleaning = clean == "hf" ? text::ClipCleaning::kHf : text::ClipCleaning::kOpenai,
             .irra_mask = irra_mask,
             .clip_pad = clip_pad});
}

py::dict special_ids(const Tokenizer& tokenizer) {
  const text::SpecialIds& ids = tokenizer.special();
  py::dict result;
  const std::pair<const char*, std::optional<int32_t>> named[] = {
      {"bos", ids.bos}, {"eos", ids.eos}, {"pad", ids.pad},  {"unk", ids.unk},
      {"cls", ids.cls}, {"sep", ids.sep}, {"mask", ids.mask}};
  for (const auto& [name, id] : named) {
    if (id) result[name] = *id;
  }
  return result;
}

Tokenizer from_gguf(const std::string& pre, std::vector<std::string> tokens,
                    std::vector<int32_t> types, std::vector<std::string> merges) {
  return text::gguf_tokenizer({.pre = pre,
                               .tokens = std::move(tokens),
                               .types = std::move(types),
                               .merges = std::move(merges)},
                              "gguf");
}

}  // namespace

void bind_text(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  py::class_<Tokenizer>(module, "Tokenizer")
      .def_static("load", load, py::arg("path"), py::arg("clean"), py::arg("irra_mask"),
                  py::arg("clip_pad"), free)
      .def_static("from_gguf", from_gguf, py::arg("pre"), py::arg("tokens"), py::arg("types"),
                  py::arg("merges"))
      .def("encode", encode, py::arg("texts"), py::arg("special"), py::arg("add_special"),
           py::arg("max_length"))
      .def("encode_one", encode_one, py::arg("text"), py::arg("pair"), py::arg("special"),
           py::arg("add_special"), py::arg("max_length"), py::arg("strategy"),
           py::arg("truncation_side"), py::arg("pad_to"), py::arg("pad_id"),
           py::arg("padding_side"))
      .def("decode", decode, py::arg("ids"), py::arg("skip_special"), free)
      .def("vocab_size", &Tokenizer::vocab_size)
      .def("token_to_id",
           [](const Tokenizer& self, const std::string& token) { return self.token_to_id(token); })
      .def("id_to_token", &Tokenizer::id_to_token)
      .def("special_ids", special_ids);
}

}  // namespace relata::python
