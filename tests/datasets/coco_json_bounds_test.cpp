// Readers of COCO JSON in a buffer of the text's exact size, before a page that may not be read.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

#include "datasets/coco_json.h"

namespace qyolo::datasets {
namespace {

class BeforeAGuardPage {
 public:
  explicit BeforeAGuardPage(std::size_t most) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    size_ = (most + page - 1) / page * page;
    void* memory =
        mmap(nullptr, size_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    memory_ = static_cast<char*>(memory);
    EXPECT_EQ(mprotect(memory_ + size_, page, PROT_NONE), 0);
    mapped_ = size_ + page;
  }
  ~BeforeAGuardPage() { munmap(memory_, mapped_); }
  BeforeAGuardPage(const BeforeAGuardPage&) = delete;
  BeforeAGuardPage& operator=(const BeforeAGuardPage&) = delete;

  std::string_view put(std::string_view text) {
    char* at = memory_ + size_ - text.size();
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

 private:
  char* memory_ = nullptr;
  std::size_t size_ = 0, mapped_ = 0;
};

const std::string kDetections =
    R"([{"image_id": 1, "category_id": 2, "bbox": [1, 2.5, 3, 4], "score": 0.5},)"
    "\n"
    R"( {"score": 0.25, "bbox": [0.125,0,1e1,2] , "category_id": 1, "image_id": 7} ])";
const std::string kTruth =
    R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 5}], "annotations":)"
    R"( [{"id": 3, "image_id": 1, "category_id": 2, "bbox": [0, 1, 2, 3], "area": 6,)"
    R"( "segmentation": [[1, 2, 3, 4]], "iscrowd": 0}], "categories": [{"name": "x", "id": 2}]})";

// Whatever follows a cut, brackets above all, of which the last is taken for the array's.
template <class Read>
void read_every_cut(const std::string& text, const Read& read) {
  BeforeAGuardPage memory(text.size() + 8);
  for (const char* end : {"", "]", "}", "]}", "}]", " ", ",", "\"", "-", "1."}) {
    for (std::size_t size = 0; size < text.size(); ++size)
      read(memory.put(text.substr(0, size) + end));
  }
  EXPECT_TRUE(read(memory.put(text)));
}

TEST(CocoJsonBounds, NoCutOfAResultsFileIsReadBehindItsEnd) {
  read_every_cut(kDetections, [](std::string_view text) {
    return parse_coco_detections(text, "dt.json", 1).ok();
  });
}

TEST(CocoJsonBounds, NoCutOfAnAnnotationFileIsReadBehindItsEnd) {
  read_every_cut(kTruth, [](std::string_view text) {
    return parse_coco_annotations(text, "gt.json", 1).ok();
  });
}

}  // namespace
}  // namespace qyolo::datasets
