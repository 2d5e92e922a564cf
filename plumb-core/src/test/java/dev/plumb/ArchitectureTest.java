package dev.plumb;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.plumb.config.PlumbException;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.objective.RewardObjective;
import dev.plumb.objective.SequenceObjective;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Which package may use which: one table, and it is kept. */
class ArchitectureTest {
    private static final String JACKSON = "com.fasterxml.jackson..";

    /** Packages of this library and of others that a package may name, besides the JDK and SLF4J. */
    private static final Map<String, List<String>> MAY_USE = Map.of(
            "config", List.of("org.snakeyaml.engine.."),
            "evaluate", List.of(),
            "tensor", List.of("config", "org.bytedeco.."),
            "text", List.of("config", "ai.djl..", JACKSON),
            "data", List.of("config", "text", "org.duckdb..", JACKSON),
            "model", List.of("config", "tensor"),
            "hub", List.of("config", "tensor", "text", "model", JACKSON),
            "objective", List.of("config", "tensor"),
            "reward", List.of("config", "tensor", "text", "data", "model", "com.networknt.schema..", JACKSON),
            "train", List.of("config", "tensor", "text", "data", "model", "hub", "objective", "evaluate", JACKSON));

    private static JavaClasses classes;

    @BeforeAll
    static void read() {
        classes = new ClassFileImporter()
                .importUrl(PlumbException.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation());
    }

    @Test
    void everyPackageStandsInTheTable() {
        Set<String> packages = classes.stream()
                .map(JavaClass::getPackageName)
                .map(name -> name.replace("dev.plumb.", ""))
                .collect(Collectors.toSet());
        assertThat(packages).isEqualTo(MAY_USE.keySet());
    }

    @Test
    void packagesUseOnlyWhatTheTableAllows() {
        MAY_USE.forEach((name, allowed) -> {
            List<String> packages =
                    new ArrayList<>(List.of("dev.plumb." + name, "java..", "javax..", "org.jspecify..", "org.slf4j.."));
            allowed.forEach(other -> packages.add(other.endsWith("..") ? other : "dev.plumb." + other));
            classes()
                    .that()
                    .resideInAPackage("dev.plumb." + name)
                    .should()
                    .onlyDependOnClassesThat(resideInAnyPackage(packages.toArray(String[]::new)))
                    .check(classes);
        });
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.plumb.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void onlyTheTensorPackageNamesTheNativeLibrary() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.plumb.tensor")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.bytedeco..")
                .check(classes);
    }

    @Test
    void noAlgorithmUsesAnother() {
        List<Class<?>> algorithms = classes.stream()
                .filter(type -> Stream.of(PreferenceObjective.class, SequenceObjective.class, RewardObjective.class)
                        .anyMatch(kind -> type.isAssignableTo(kind) && !type.isInterface()))
                .<Class<?>>map(JavaClass::reflect)
                .toList();
        assertThat(algorithms).hasSizeGreaterThanOrEqualTo(3);
        for (Class<?> one : algorithms) {
            for (Class<?> other : algorithms) {
                if (one != other) {
                    noClasses()
                            .that()
                            .haveNameMatching(one.getName().replace(".", "\\.") + "(\\$.*)?")
                            .should()
                            .dependOnClassesThat()
                            .haveNameMatching(other.getName().replace(".", "\\.") + "(\\$.*)?")
                            .check(classes);
                }
            }
        }
    }
}
