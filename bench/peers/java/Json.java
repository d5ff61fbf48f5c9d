import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Documents of text by name. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final TypeReference<LinkedHashMap<String, String>> TEXTS = new TypeReference<>() { };

    private Json() {
    }

    static String write(Map<String, String> values) {
        try {
            return MAPPER.writeValueAsString(values);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static Map<String, String> read(String text) {
        try {
            return MAPPER.readValue(text, TEXTS);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
