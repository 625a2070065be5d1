package dev.holdfast.standalone.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.resource.ApiException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ProtobufTest {
  private interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    fields.write(out);
    out.flush();
    return bytes.toByteArray();
  }

  private static byte[] pair(String first, byte[] second) throws IOException {
    return message(
        out -> {
          out.writeString(1, first);
          out.writeByteArray(2, second);
        });
  }

  private static byte[] body(String kind, byte[] object) throws IOException {
    byte[] frame =
        message(
            out -> {
              out.writeByteArray(1, pair("v1", kind.getBytes(UTF_8)));
              out.writeByteArray(2, object);
            });
    byte[] body = new byte[frame.length + 4];
    System.arraycopy(new byte[] {'k', '8', 's', 0}, 0, body, 0, 4);
    System.arraycopy(frame, 0, body, 4, frame.length);
    return body;
  }

  @Test
  void readsTextsMapsListsBytesAndWhatItDoesNotKnowNot() throws IOException {
    byte[] metadata =
        message(
            out -> {
              out.writeString(1, "name");
              out.writeString(2, "");
              out.writeByteArray(11, pair("label", "value".getBytes(UTF_8)));
              out.writeByteArray(11, pair("empty", new byte[0]));
              out.writeString(14, "a/finalizer");
              out.writeString(14, "b/finalizer");
              out.writeInt64(7, 3);
            });
    byte[] secret =
        message(
            out -> {
              out.writeByteArray(1, metadata);
              out.writeByteArray(2, pair("key", new byte[] {0, 1, 2}));
              out.writeString(3, "Opaque");
              out.writeBool(5, true);
              out.writeString(99, "unknown");
            });

    assertThat(Json.text(Protobuf.read(body("Secret", secret))))
        .isEqualTo(
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"name\",\"labels\":"
                + "{\"label\":\"value\",\"empty\":\"\"},\"finalizers\":[\"a/finalizer\","
                + "\"b/finalizer\"]},\"data\":{\"key\":\"AAEC\"},\"type\":\"Opaque\","
                + "\"immutable\":true}");
  }

  @Test
  void refusesKindsThatItDoesNotKnowAndWhatIsDamaged() throws IOException {
    byte[] pod = body("Pod", new byte[0]);
    byte[] damaged = body("Secret", new byte[] {10, 100, 1});

    assertThatThrownBy(() -> Protobuf.read(pod))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(415));
    assertThatThrownBy(() -> Protobuf.read(damaged))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400));
  }
}
