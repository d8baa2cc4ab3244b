// relata env: what this machine and build are, for bug reports.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "relata/base/parallel.h"
#include "relata/report/table.h"
#include "verbs.h"

namespace relata::app {

void add_env(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("env", "Versions, processor and threads, for bug reports");
  verb->footer("Example:\n  relata env --json");
  verb->callback([&common] {
    const std::vector<std::pair<std::string, std::string>> facts{
        {"relata", RELATA_VERSION},
        {"libtorch", TORCH_VERSION},
        {"compiler", __VERSION__},
        {"processor features", at::get_cpu_capability()},
        {"threads", std::to_string(threads())},
        {"device", "cpu"}};
    if (common.json) {
      nlohmann::json out = nlohmann::json::object();
      for (const auto& [name, value] : facts) out[name] = value;
      std::fputs((out.dump(1) + "\n").c_str(), stdout);
      return;
    }
    report::Table table{.columns = {{"what"}, {"value"}}, .rows = {}};
    for (const auto& [name, value] : facts) table.rows.push_back({name, value});
    std::fputs(report::to_text(table).c_str(), stdout);
  });
}

}  // namespace relata::app
