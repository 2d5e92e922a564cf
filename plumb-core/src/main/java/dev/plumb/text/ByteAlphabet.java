package dev.plumb.text;

/** GPT-2's way to write any bytes as printable characters: printable bytes stand for themselves, the rest are moved up. */
final class ByteAlphabet {
    private static final char[] CHARS = chars();

    private ByteAlphabet() {}

    static char charOf(byte value) {
        return CHARS[value & 0xFF];
    }

    static String write(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte value : bytes) {
            text.append(charOf(value));
        }
        return text.toString();
    }

    private static char[] chars() {
        char[] chars = new char[256];
        char moved = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable =
                    value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE && value <= 0xFF;
            chars[value] = printable ? (char) value : moved++;
        }
        return chars;
    }
}
