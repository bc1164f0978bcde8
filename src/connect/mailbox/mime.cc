// What is in a mail, by GMime.
#include <fmt/format.h>
#include <gmime/gmime.h>

#include <algorithm>
#include <memory>

#include "connect/mailbox/mailbox.h"

namespace maxopt {
namespace {

constexpr std::size_t kHeaderShownMax = 300;
constexpr int kRecipientsMax = 200;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

struct FreeText {
  void operator()(char* text) const { g_free(text); }
};

std::unexpected<Error> Bad(const std::string& what) { return Fail(Errc::kInvalidArgument, what); }

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return out;
}

/// UTF-8 whatever came, without control characters beside `kept`, cut between characters.
std::string Clean(const char* text, std::size_t most, std::string_view kept) {
  if (text == nullptr) return "";
  const std::unique_ptr<char, FreeText> valid(g_utf8_make_valid(text, -1));
  std::string out;
  for (const char* at = valid.get(); *at != 0; at = g_utf8_next_char(at)) {
    const auto length = static_cast<std::size_t>(g_utf8_next_char(at) - at);
    if (out.size() + length > most) break;
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '\r' || byte == 0x7F) continue;
    if (byte < 0x20 && kept.find(*at) == std::string_view::npos) {
      out += ' ';
    } else {
      out.append(at, length);
    }
  }
  const std::size_t first = out.find_first_not_of(" \n");
  if (first == std::string::npos) return "";
  return out.substr(first, out.find_last_not_of(" \n") + 1 - first);
}

Result<Owned<GMimeMessage>> Parse(std::string_view text) {
  static const bool started = [] {
    g_mime_init();
    return true;
  }();
  if (!started) Bug();
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(text.data(), text.size()));
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  Owned<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!message) return Bad("this is no mail (RFC 5322)");
  return message;
}

std::string HeaderOf(GMimeMessage* message, const char* name) {
  return Clean(g_mime_object_get_header(GMIME_OBJECT(message), name), kHeaderShownMax, "");
}

void AddAddresses(const char* value, std::vector<std::string>& out) {
  const Owned<InternetAddressList> list(internet_address_list_parse(nullptr, value));
  if (!list) return;
  const int count = internet_address_list_length(list.get());
  for (int i = 0; i < count && std::ssize(out) < kRecipientsMax; ++i) {
    InternetAddress* address = internet_address_list_get_address(list.get(), i);
    if (!INTERNET_ADDRESS_IS_MAILBOX(address)) continue;
    const char* text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
    if (text != nullptr) out.push_back(Lower(text));
  }
}

MailHead::Automatic AutomaticOf(GMimeMessage* message) {
  using enum MailHead::Automatic;
  const std::string submitted = Lower(HeaderOf(message, "Auto-Submitted"));
  const std::string precedence = Lower(HeaderOf(message, "Precedence"));
  std::vector<std::string> from;
  AddAddresses(HeaderOf(message, "From").c_str(), from);
  const bool from_server = std::ranges::any_of(from, [](const std::string& address) {
    return address.starts_with("mailer-daemon@") || address.starts_with("postmaster@");
  });
  GMimeObject* part = g_mime_message_get_mime_part(message);
  const bool is_report =
      part != nullptr &&
      g_mime_content_type_is_type(g_mime_object_get_content_type(part), "multipart", "report") != 0;
  const bool generated =
      submitted.starts_with("auto-generated") || submitted.starts_with("auto-notified");
  if (is_report || from_server || HeaderOf(message, "Return-Path") == "<>" ||
      precedence == "auto_reply" || !HeaderOf(message, "X-Autoreply").empty() ||
      !HeaderOf(message, "X-Autorespond").empty() ||
      (!submitted.empty() && !submitted.starts_with("no") && !generated)) {
    return kReply;
  }
  if (generated || precedence == "bulk" || precedence == "list" || precedence == "junk") {
    return kGenerated;
  }
  return kNo;
}

/// What GMime decodes of base64 that is none, or that was cut, looks like a shorter text.
Result<> CheckBase64(std::string_view encoded) {
  std::size_t letters = 0;
  bool padded = false;
  for (const char c : encoded) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (c == '=') {
      padded = true;
    } else if (!letter || padded) {
      return Bad("an attachment is not the base64 that it says to be; attach it again");
    }
    ++letters;
  }
  if (letters % 4 != 0) return Bad("an attachment in base64 ends too soon; attach it again");
  return {};
}

std::string BytesOf(GMimeStream* stream) {
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
  return bytes == nullptr || bytes->len == 0
             ? std::string()
             : std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

Result<std::string> ContentOf(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) return std::string();
  if (g_mime_data_wrapper_get_encoding(content) == GMIME_CONTENT_ENCODING_BASE64) {
    GMimeStream* raw = g_mime_data_wrapper_get_stream(content);
    const Owned<GMimeStream> copy(g_mime_stream_mem_new());
    g_mime_stream_reset(raw);
    g_mime_stream_write_to_stream(raw, copy.get());
    g_mime_stream_reset(raw);
    MAXOPT_CHECK(CheckBase64(BytesOf(copy.get())));
  }
  const Owned<GMimeStream> out(g_mime_stream_mem_new());
  if (g_mime_data_wrapper_write_to_stream(content, out.get()) < 0) {
    return Bad("an attachment cannot be decoded; attach it again");
  }
  return BytesOf(out.get());
}

/// The last part of a path of any system, without what a file's name here may not hold.
std::string FileName(const char* written) {
  std::string name = Clean(written, 1000, "");
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string::npos) {
    name.erase(0, slash + 1);
  }
  if (name.size() > 200) name.erase(0, name.size() - 200);
  const std::size_t first = name.find_first_not_of(". ");
  name = first == std::string::npos ? "" : name.substr(first);
  return name.empty() ? "unnamed" : name;
}

class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}
  Result<> Into(GMimeObject* object, int depth) {
    if (object == nullptr) return {};
    if (depth > kMailDepthMax) {
      return Bad(fmt::format("the mail has parts within parts, more than {} deep", kMailDepthMax));
    }
    if (++parts_ > kMailPartsMax) {
      return Bad(fmt::format("the mail has more than {} parts; send less in one", kMailPartsMax));
    }
    if (GMIME_IS_MULTIPART(object)) return IntoMultipart(GMIME_MULTIPART(object), depth);
    if (GMIME_IS_MESSAGE_PART(object)) {
      body.files.push_back({"mail.eml", ""});
      return {};
    }
    if (!GMIME_IS_PART(object)) return {};
    GMimePart* part = GMIME_PART(object);
    const char* name = g_mime_part_get_filename(part);
    if (name != nullptr || g_mime_part_is_attachment(part) != 0 || !GMIME_IS_TEXT_PART(object)) {
      MAXOPT_TRY(std::string bytes, ContentOf(part));
      body.files.push_back({FileName(name), std::move(bytes)});
      return {};
    }
    GMimeContentType* type = g_mime_object_get_content_type(object);
    if (g_mime_content_type_is_type(type, "text", "html") != 0) {
      body.html = true;
    } else if (body.text.empty() && g_mime_content_type_is_type(type, "text", "plain") != 0) {
      MAXOPT_CHECK(ContentOf(part));
      const std::unique_ptr<char, FreeText> text(
          g_mime_text_part_get_text(GMIME_TEXT_PART(object)));
      body.text = Clean(text.get(), kMailTextBytesMax + 1, "\n\t");
      body.text_cut = body.text.size() + 4 > kMailTextBytesMax;
    }
    return {};
  }

  MailBody body;

 private:
  Result<> IntoMultipart(GMimeMultipart* multipart, int depth) {
    const char* boundary = g_mime_multipart_get_boundary(multipart);
    if (boundary == nullptr || text_.find(fmt::format("\n--{}--", boundary)) == text_.npos) {
      return Bad("the mail ends before its parts do; send it again");
    }
    const int count = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < count; ++i) {
      MAXOPT_CHECK(Into(g_mime_multipart_get_part(multipart, i), depth + 1));
    }
    return {};
  }
  std::string_view text_;
  int parts_ = 0;
};

}  // namespace

Result<MailHead> ReadMailHead(std::string_view text) {
  const std::size_t lf = text.find("\n\n");
  const std::size_t crlf = text.find("\n\r\n");
  const std::size_t end = std::min(lf, crlf);
  if (end > kMailHeadBytesMax && text.size() > kMailHeadBytesMax) {
    return Bad(fmt::format("the mail's head is longer than {} bytes", kMailHeadBytesMax));
  }
  const std::string head = std::string(text.substr(0, end)) + "\n\n";
  MAXOPT_TRY(const Owned<GMimeMessage> message, Parse(head));
  MailHead out;
  // Decoded by hand: a Message-ID may be anything, and only has to be the same again.
  out.message_id = HeaderOf(message.get(), "Message-ID");
  std::erase_if(out.message_id, [](char c) { return c == '<' || c == '>' || c == ' '; });
  out.from = HeaderOf(message.get(), "From");
  out.subject = HeaderOf(message.get(), "Subject");
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(message.get()));
  const int count = g_mime_header_list_get_count(headers);
  for (int i = 0; i < count; ++i) {
    GMimeHeader* header = g_mime_header_list_get_header_at(headers, i);
    const std::string name = Lower(g_mime_header_get_name(header));
    for (const char* to : {"to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to"}) {
      if (name == to) AddAddresses(g_mime_header_get_value(header), out.recipients);
    }
  }
  out.automatic = AutomaticOf(message.get());
  return out;
}

Result<MailBody> ReadMailBody(std::string_view text) {
  MAXOPT_TRY(const Owned<GMimeMessage> message, Parse(text));
  Walk walk(text);
  MAXOPT_CHECK(walk.Into(g_mime_message_get_mime_part(message.get()), 1));
  return std::move(walk.body);
}

}  // namespace maxopt
