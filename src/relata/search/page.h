// Answers as a page: one file that needs no network, with thumbnails of the pictures in it.
#pragma once

#include <string>
#include <vector>

#include "relata/report/page.h"
#include "relata/search/searcher.h"

namespace relata::search {

struct PageResult {
  report::Page page;
  std::vector<std::string> broken = {};  ///< pictures that could not be shown, one line each
};

/// One section for each list of answers. A picture that is gone or broken leaves its card without
/// one.
PageResult answers_page(Searcher& searcher, const Request& request,
                        const std::vector<std::vector<Answer>>& answers);

}  // namespace relata::search
