package dev.plumb.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * SentencePiece's compiled normalisation rules: the length of a trie, the trie as a double array of 32-bit units, and the
 * texts that it points to, each ended by a zero byte.
 *
 * <p>The runtime trusts them and ends the whole process where they are broken, so they are checked first.
 *
 * <p>Source: SentencePiece, {@code normalizer.cc}; Yata, darts-clone, for the units.
 */
final class Charsmap {
    private static final int BLOCK = 256;
    private static final int HAS_TEXT = 0x100;

    private Charsmap() {}

    /** Whether no lookup of any text can leave the trie or its texts. */
    static boolean wellFormed(byte[] rules) {
        ByteBuffer in = ByteBuffer.wrap(rules).order(ByteOrder.LITTLE_ENDIAN);
        if (rules.length < 4) {
            return false;
        }
        int trieBytes = in.getInt();
        if (trieBytes <= 0 || trieBytes > in.remaining() || trieBytes % (4 * BLOCK) != 0) {
            return false;
        }
        int units = trieBytes / 4;
        ByteBuffer texts = in.slice(4 + trieBytes, rules.length - 4 - trieBytes);
        if (!texts.hasRemaining() || texts.get(texts.limit() - 1) != 0 || !isUtf8(texts)) {
            return false;
        }
        for (int i = 0; i < units; i++) {
            int unit = in.getInt(4 + 4 * i);
            if (unit < 0 && i > 0) {
                // A place of a text: no letter leads here. The root is entered without a letter.
                continue;
            }
            int next = i ^ (unit >>> 10) << ((unit & 0x200) >>> 6);
            if (Integer.compareUnsigned(next, units) >= 0) {
                return false;
            }
            if ((unit & HAS_TEXT) != 0) {
                int text = in.getInt(4 + 4 * next) & Integer.MAX_VALUE;
                if (text >= texts.limit() || (texts.get(text) & 0xC0) == 0x80) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isUtf8(ByteBuffer texts) {
        try {
            CharBuffer decoded = StandardCharsets.UTF_8.newDecoder().decode(texts.duplicate());
            return decoded.hasRemaining();
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
