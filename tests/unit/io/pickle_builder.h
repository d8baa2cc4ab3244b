// Pickles and PyTorch checkpoints made by hand, so that each part can be wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "unit/io/zip_builder.h"  // le16, le32, le64, ZipBuilder

namespace relata::io::opcodes {

inline std::string text(std::string_view value) {
  return "X" + le32(value.size()) + std::string(value);
}
inline std::string number(uint64_t value) { return "J" + le32(value); }
inline std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}
inline std::string tuple(const std::vector<std::string>& items) {
  return "(" + joined(items) + "t";
}
/// Keys and values in turn.
inline std::string dict(const std::vector<std::string>& items) {
  return "}(" + joined(items) + "u";
}
inline std::string list(const std::vector<std::string>& items) {
  return "](" + joined(items) + "e";
}
inline std::string call(const std::string& callee, const std::vector<std::string>& arguments) {
  return callee + tuple(arguments) + "R";
}
inline std::string object(const std::string& type, const std::string& state) {
  return type + ")\x81" + state + "b";
}
inline std::string sizes(const std::vector<uint64_t>& values) {
  std::vector<std::string> items;
  for (const uint64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string storage(std::string_view type, std::string_view key, uint64_t count) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(count)}) +
         "Q";
}
inline std::string view(const std::string& of, uint64_t offset, const std::vector<uint64_t>& shape,
                        const std::vector<uint64_t>& strides) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {of, number(offset), sizes(shape), sizes(strides), "\x89", "}"});
}
/// float32 [2], all of storage "0".
inline std::string two_floats() { return view(storage("FloatStorage", "0", 2), 0, {2}, {1}); }

inline std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace relata::io::opcodes

namespace relata::io {

/// A checkpoint of that value, with storages by key.
inline std::string torch_zip(const std::string& value,
                             const std::vector<std::pair<std::string, std::string>>& storages) {
  ZipBuilder zip;
  zip.add(stored("archive/data.pkl", opcodes::pickle(value)));
  zip.add(stored("archive/byteorder", "little"));
  for (const auto& [key, bytes] : storages) zip.add(stored("archive/data/" + key, bytes));
  return zip.build();
}

/// The same as a stream of versions before 1.6; `bytes` are all storages, each after its count.
inline std::string torch_stream(const std::string& value, const std::vector<std::string>& keys,
                                const std::string& bytes, bool little = true,
                                uint64_t version = 1001) {
  using namespace opcodes;
  std::vector<std::string> names;
  for (const std::string& key : keys) names.push_back(text(key));
  return pickle("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19") + pickle(number(version)) +
         pickle(dict({text("little_endian"), little ? "\x88" : "\x89"})) + pickle(value) +
         pickle(list(names)) + bytes;
}

}  // namespace relata::io
