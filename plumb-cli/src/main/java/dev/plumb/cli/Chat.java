package dev.plumb.cli;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.DataConfig;
import dev.plumb.data.Encoder;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.text.DecodeStream;
import dev.plumb.text.Tokenizer;
import dev.plumb.train.Terminal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Talks with a model. */
@Command(
        name = "chat",
        description = {
            "Talks with a model in its own chat template, on the terminal: a line is what you say, the answer comes as it"
                    + " is drawn.",
            "",
            "/reset forgets the conversation, /system TEXT begins anew with that as the system's turn (without a text, with"
                    + " none), /exit or the end of the input ends. What no longer fits into the model's context is forgotten,"
                    + " the oldest first, and that is said."
        },
        footer = {
            "",
            "Examples:",
            "  plumb chat model=runs/dpo/final",
            "  plumb chat model=runs/dpo/final temperature=0.7 top_p=0.9 system='Answer in one sentence.'"
        })
final class Chat implements Callable<Integer> {
    private static final String COMMANDS = "/reset, /system TEXT and /exit";

    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(paramLabel = "KEY=VALUE", arity = "0..*", description = "Settings; `plumb explain chat` lists them.")
    private List<String> words = new ArrayList<>();

    private Chat() {}

    @Override
    public Integer call() {
        if (words.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "Name a model, as in `plumb chat model=…`.");
        }
        ChatSettings settings =
                Binder.bind(ChatSettings.class, YamlSource.commandLine().with(words));
        try (Checkpoint checkpoint = Models.open(settings.model(), settings.computing());
                Tokenizer tokenizer = Tokenizer.load(checkpoint.folder())) {
            Models.requireWriting(settings.model(), checkpoint);
            DataConfig config = PromptReader.encoding(settings.model(), settings.chatTemplate(), false);
            ChatRenderer renderer = ChatRenderer.of(config, checkpoint.folder(), tokenizer)
                    .orElseThrow(() -> withoutTemplate(settings));
            int context = checkpoint.decoder().architecture().contextLength();
            Encoder encoder = new Encoder(tokenizer, Optional.of(renderer), config, context);
            Conversation conversation =
                    new Conversation(encoder, context, settings.drawing().maxNewTokens(), settings.system());
            new Talk(settings, checkpoint, tokenizer, conversation).run();
        }
        return Exit.DONE;
    }

    private static PlumbException withoutTemplate(ChatSettings settings) {
        String model = Text.word(settings.model());
        return new PlumbException(settings.model()
                + " has no chat template, as base models have none: it continues texts and has not learnt to answer. Let it"
                + " continue one with `plumb generate model=" + model + " prompt='…'`, teach it conversations with"
                + " `plumb train sft`, or name the template that it was trained with: chat_template=chatml, plain or a"
                + " Jinja file.");
    }

    /** The talk itself, until the input ends. */
    private static final class Talk {
        private final Generator generator;
        private final Tokenizer tokenizer;
        private final Conversation conversation;
        private final Sampling sampling;
        private final List<String> stopStrings;
        private final boolean live = Terminal.detect().live();
        private long turns;

        Talk(ChatSettings settings, Checkpoint checkpoint, Tokenizer tokenizer, Conversation conversation) {
            this.generator = new Generator(checkpoint.decoder(), 1);
            this.tokenizer = tokenizer;
            this.conversation = conversation;
            this.sampling = settings.drawing().sampling(checkpoint.generation(), tokenizer);
            this.stopStrings = settings.drawing().stopStrings();
        }

        void run() {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            try {
                if (live) {
                    System.err.println("Say something; " + COMMANDS + " are commands.");
                }
                for (String line = next(in); line != null && !line.strip().equals("/exit"); line = next(in)) {
                    if (line.startsWith("/")) {
                        command(line.strip());
                    } else if (!line.isBlank()) {
                        say(line.strip());
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private @org.jspecify.annotations.Nullable String next(BufferedReader in) throws IOException {
            if (live) {
                System.out.print("> ");
                System.out.flush();
            }
            return in.readLine();
        }

        private void command(String line) {
            String[] parts = line.split("\\s+", 2);
            switch (parts[0]) {
                case "/reset" -> {
                    conversation.reset();
                    System.err.println("(The conversation is forgotten.)");
                }
                case "/system" -> {
                    conversation.system(parts.length > 1 ? Optional.of(parts[1]) : Optional.empty());
                    System.err.println(
                            parts.length > 1
                                    ? "(A new conversation, in which the system says this first.)"
                                    : "(A new conversation, without a system's turn.)");
                }
                default ->
                    System.err.println("(There is no command " + parts[0] + "; there are " + COMMANDS
                            + ". Begin with a space to say it to the model.)");
            }
        }

        private void say(String question) {
            Conversation.Turn turn;
            try {
                turn = conversation.ask(question);
            } catch (PlumbException e) {
                System.err.println("(" + e.getMessage() + ")");
                return;
            }
            if (turn.forgotten() > 0) {
                System.err.println("(The context is full: the oldest "
                        + (turn.forgotten() == 1 ? "exchange is" : turn.forgotten() + " exchanges are")
                        + " forgotten.)");
            }
            Sampling limited = sampling.limitedTo(turn.room());
            DecodeStream stream = tokenizer.stream(true);
            StringBuilder answer = new StringBuilder();
            Generator.Watcher shown = (sequence, token) -> {
                show(answer, stream.push(token));
                return false;
            };
            Generator.Completion made = generator
                    .generate(
                            new Generator.Request(List.of(turn.ids()), turns++, 1),
                            limited,
                            Models.ending(tokenizer, stopStrings, shown))
                    .get(0);
            show(answer, stream.finish());
            System.out.println();
            if (!made.stopped()) {
                System.err.println("(Cut after " + made.ids().length + " tokens: "
                        + (limited.maxNewTokens() < sampling.maxNewTokens()
                                ? "the model's context is full.)"
                                : "raise max_new_tokens for longer answers.)"));
            }
            conversation.answered(question, answer.toString());
        }

        private static void show(StringBuilder answer, String piece) {
            answer.append(piece);
            System.out.print(piece);
            System.out.flush();
        }
    }
}
