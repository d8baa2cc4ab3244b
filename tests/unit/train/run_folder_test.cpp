#include "relata/train/run_folder.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "support/scratch.h"

namespace relata::train {
namespace {

Record record(int64_t epoch, double loss) {
  return {
      .kind = Record::Kind::kTrain, .epoch = epoch, .step = epoch + 1, .metrics = {{"loss", loss}}};
}

int64_t event_files(const std::filesystem::path& folder) {
  int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("events.")) ++count;
  }
  return count;
}

auto fails_with(const std::string& text) {
  return testing::ThrowsMessage<Error>(testing::HasSubstr(text));
}

TEST(RunFolder, GivesBackWhatWasRecorded) {
  const test::Scratch scratch;
  RunFolder run(scratch / "run", "a: 1\n", Resume::kNo);
  run.append(record(0, 0.1));
  run.append({.kind = Record::Kind::kEvaluation,
              .epoch = 0,
              .step = 1,
              .split = "val",
              .metrics = {{"roc_auc", std::nan("")}, {"accuracy", 1.0 / 3}}});
  run.metrics_size();
  const auto records = run.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].metrics[0].value, 0.1);
  EXPECT_EQ(records[1].split, "val");
  EXPECT_EQ(records[1].metrics[0].name, "roc_auc");
  EXPECT_TRUE(std::isnan(records[1].metrics[0].value));
  EXPECT_EQ(records[1].metrics[1].value, 1.0 / 3);
}

TEST(RunFolder, AnExistingFolderIsNotOverwritten) {
  const test::Scratch scratch;
  RunFolder(scratch / "run", "a: 1\n", Resume::kNo);
  EXPECT_THAT([&] { RunFolder(scratch / "run", "a: 1\n", Resume::kNo); },
              fails_with("already exists; add --resume to go on with it"));
  std::filesystem::create_directory(scratch / "other");
  write_file(scratch / "other" / "thesis.txt", "mine");
  EXPECT_THAT([&] { RunFolder(scratch / "other", "a: 1\n", Resume::kYes); },
              fails_with("already exists"));
  std::filesystem::create_directory(scratch / "empty");
  EXPECT_NO_THROW(RunFolder(scratch / "empty", "a: 1\n", Resume::kNo));
}

TEST(RunFolder, AnotherRecipeIsRefusedAndCommentsDoNotCount) {
  const test::Scratch scratch;
  RunFolder(scratch / "run", "lr: 1  # default\n", Resume::kNo);
  EXPECT_NO_THROW(RunFolder(scratch / "run", "lr: 1  # command line\n", Resume::kYes));
  EXPECT_THAT([&] { RunFolder(scratch / "run", "lr: 2  # default\n", Resume::kYes); },
              fails_with("holds a run of another recipe"));
}

TEST(RunFolder, IsCutToWhatACheckpointKnows) {
  const test::Scratch scratch;
  RunFolder run(scratch / "run", "a: 1\n", Resume::kNo);
  run.append(record(0, 3));
  const int64_t size = run.metrics_size();
  run.append(record(1, 2));
  run.append(record(2, 1));
  run.metrics_size();
  run.restore(size);
  ASSERT_EQ(run.records().size(), 1U);
  EXPECT_EQ(run.records()[0].metrics[0].value, 3);
  EXPECT_EQ(event_files(scratch / "run"), 1);
  run.append(record(1, 5));
  run.metrics_size();
  EXPECT_EQ(run.records().size(), 2U);
  EXPECT_THAT([&] { run.restore(100'000); }, fails_with("is shorter than its checkpoint says"));
  run.restore(0);
  EXPECT_EQ(std::filesystem::file_size(scratch / "run" / "metrics.jsonl"), 0U);
  EXPECT_EQ(event_files(scratch / "run"), 0);
}

TEST(RunFolder, ALineThatIsNoRecordIsNamed) {
  const test::Scratch scratch;
  write_file(scratch / "metrics.jsonl", "{\"kind\":\"train\",\"epoch\":0}\n");
  EXPECT_THAT([&] { read_records(scratch / "metrics.jsonl"); },
              fails_with("metrics.jsonl:1: is no line of a metrics file"));
}

}  // namespace
}  // namespace relata::train
