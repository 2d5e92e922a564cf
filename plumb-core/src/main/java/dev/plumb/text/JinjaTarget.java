package dev.plumb.text;

import java.util.List;

/** What {@code set}, {@code for} and {@code with} assign to. */
sealed interface JinjaTarget {
    void assign(JinjaFrame frame, Object value);

    record Variable(String name) implements JinjaTarget {
        @Override
        public void assign(JinjaFrame frame, Object value) {
            frame.set(name, value);
        }
    }

    /** {@code namespace.attribute}. */
    record Member(String namespace, String attribute) implements JinjaTarget {
        @Override
        public void assign(JinjaFrame frame, Object value) {
            if (!(frame.get(namespace) instanceof JinjaNamespace target)) {
                throw new JinjaFault("'" + namespace + "' is not a namespace, so that '" + namespace + "." + attribute
                        + "' cannot be set");
            }
            target.set(attribute, value);
        }
    }

    record Unpack(List<JinjaTarget> targets) implements JinjaTarget {
        @Override
        public void assign(JinjaFrame frame, Object value) {
            List<Object> items = JinjaValues.list(value);
            if (items.size() != targets.size()) {
                throw new JinjaFault("cannot unpack " + items.size() + " value(s) into " + targets.size() + " name(s)");
            }
            for (int i = 0; i < items.size(); i++) {
                targets.get(i).assign(frame, items.get(i));
            }
        }
    }
}
