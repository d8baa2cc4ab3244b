#include "relata/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "relata/base/error.h"

namespace relata {
namespace fs = std::filesystem;
namespace {

/// A descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int value) : value(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  int value;
};

std::size_t size_of(const Descriptor& file, const fs::path& path) {
  struct stat status{};
  if (::fstat(file.value, &status) != 0) throw system_error("cannot read", path.string(), errno);
  if (S_ISDIR(status.st_mode)) {
    throw Error({.what = "is a folder, not a file", .where = path.string()});
  }
  return static_cast<std::size_t>(status.st_size);
}

/// What stands between the name of a file or folder and the number of the process that writes it.
constexpr std::string_view kTemporary = ".tmp-";

/// The sibling of `path` that is written first.
fs::path temporary_of(fs::path path) {
  return path += std::string(kTemporary) + std::to_string(::getpid());
}

bool is_temporary(const std::string& name) {
  const std::size_t at = name.rfind(kTemporary);
  if (at == std::string::npos || at + kTemporary.size() == name.size()) return false;
  return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(at + kTemporary.size()), name.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_folder(const fs::path& folder) {
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.value < 0 || write_calls().fsync(file.value) != 0) {
    throw system_error("cannot flush the folder", folder.string(), errno);
  }
}

}  // namespace

WriteCalls& write_calls() {
  static WriteCalls calls{.write = ::write, .fsync = ::fsync};
  return calls;
}

std::string read_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value < 0) throw system_error("cannot open", path.string(), errno);
  std::string content(size_of(file, path) + 1, '\0');  // one byte more, to see the end
  std::size_t done = 0;
  while (true) {
    const ssize_t got = ::read(file.value, content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("cannot read", path.string(), errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
    if (done == content.size()) content.resize(2 * done + 4096);  // a pipe has no size
  }
  content.resize(done);
  return content;
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value < 0) throw system_error("cannot open", path.string(), errno);
  const std::size_t size = size_of(file, path);
  if (!fs::is_regular_file(path)) {
    throw Error({.what = "is a pipe or a device, expected a file",
                 .where = path.string(),
                 .remedy = "write its content to a file first"});
  }
  if (size == 0) return;  // mmap refuses a length of zero
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (start == MAP_FAILED) throw system_error("cannot map", path.string(), errno);
  bytes_ = {static_cast<const std::byte*>(start), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  temporary_ = temporary_of(path_);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw system_error("cannot create", path_.string(), errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t wrote = write_calls().write(descriptor_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw system_error("cannot write", path_.string(), errno);
    if (wrote == 0) throw system_error("cannot write", path_.string(), ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
}

void AtomicFile::commit() {
  if (write_calls().fsync(descriptor_) != 0) {
    throw system_error("cannot flush", path_.string(), errno);
  }
  const int closing = ::close(std::exchange(descriptor_, -1));
  if (closing != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int number = errno;
    ::unlink(temporary_.c_str());
    throw system_error("cannot finish", path_.string(), number);
  }
  sync_folder(folder_of(path_));
}

void sync_file(const fs::path& path) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (file.value < 0 || write_calls().fsync(file.value) != 0)
    throw system_error("cannot flush", path.string(), errno);
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void write_folder(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && !(fs::is_directory(path) && fs::is_empty(path))) {
    throw Error({.what = "already exists",
                 .where = path.string(),
                 .remedy = "choose another --out, or remove it first"});
  }
  fs::path target = fs::absolute(path).lexically_normal();
  if (target.filename().empty()) target = target.parent_path();  // a trailing slash
  const fs::path temporary = temporary_of(target);
  try {
    fs::remove_all(temporary);  // of a killed process that had the same number
    fs::create_directories(temporary);
    fill(temporary);
    fs::remove(target, ignored);  // an empty folder of that name
    fs::rename(temporary, target);
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(temporary, ignored);
    throw system_error("cannot write the folder", path.string(), error.code().value());
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
  sync_folder(folder_of(target));
}

void remove_leftovers(const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (is_temporary(entry.path().filename().string())) leftovers.push_back(entry.path());
  }
  for (const fs::path& path : leftovers) {
    std::error_code fault;
    fs::remove_all(path, fault);
    if (fault) throw system_error("cannot remove", path.string(), fault.value());
  }
}

}  // namespace relata
