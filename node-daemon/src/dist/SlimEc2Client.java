import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code SlimEc2Client LIB}: takes the operations that millpond never calls out of the EC2 client in
 * LIB. The SDK's client has 816; a JVM that loads it loads a thousand classes for their sake, and
 * its AOT cache two lambdas for each. What is taken out behaves as an operation that a client does
 * not implement (UnsupportedOperationException, Ec2Client).
 */
static final String EC2 = "software/amazon/awssdk/services/ec2/";

void main(String[] arguments) throws IOException {
  Path lib = Path.of(arguments[0]);
  Set<String> called = new TreeSet<>();
  for (Path jar : jars(lib, "millpond-")) {
    try (FileSystem files = FileSystems.newFileSystem(jar)) {
      classes(files).forEach(one -> calls(one, called));
    }
  }
  if (called.isEmpty()) {
    throw new IOException("no jar of millpond in " + lib + " calls EC2");
  }
  List<URL> urls = new ArrayList<>();
  for (Path jar : jars(lib, "")) {
    urls.add(jar.toUri().toURL());
  }
  ClassLoader all = new URLClassLoader(urls.toArray(URL[]::new));
  for (Path jar : jars(lib, "ec2-")) {
    try (FileSystem files = FileSystems.newFileSystem(jar)) {
      Path client = files.getPath(EC2 + "DefaultEc2Client.class");
      ClassFile slim =
          ClassFile.of(
              ClassFile.ConstantPoolSharingOption.NEW_POOL,
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(all).orElse(
                      ClassHierarchyResolver.defaultResolver())));
      ClassModel whole = slim.parse(client);
      Set<String> missing = new TreeSet<>(called);
      whole.methods().forEach(method -> missing.remove(method.methodName().stringValue()));
      if (!missing.isEmpty()) {
        throw new IOException("the client in " + jar + " does not have " + missing);
      }
      byte[] slimmed =
          slim.transformClass(
              whole,
              ClassTransform.dropping(
                  element -> element instanceof MethodModel method
                      && isOperation(method)
                      && !called.contains(method.methodName().stringValue())));
      FileTime time = Files.getLastModifiedTime(client);
      Files.write(client, slimmed);
      Files.setLastModifiedTime(client, time); // the same jar from the same input
    }
  }
}

static List<Path> jars(Path lib, String prefix) throws IOException {
  try (Stream<Path> files = Files.list(lib)) {
    return files
        .filter(file -> file.getFileName().toString().startsWith(prefix))
        .filter(file -> file.toString().endsWith(".jar"))
        .collect(Collectors.toList());
  }
}

static Stream<ClassModel> classes(FileSystem jar) throws IOException {
  return Files.walk(jar.getPath("/"))
      .filter(file -> file.toString().endsWith(".class"))
      .map(file -> {
        try {
          return ClassFile.of().parse(file);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
}

/** The names of what is called on an Ec2Client, of a paginator's operation too. */
static void calls(ClassModel model, Set<String> called) {
  model.methods().stream()
      .flatMap(method -> method.code().stream())
      .flatMap(code -> code.elementStream())
      .forEach(element -> {
        if (element instanceof InvokeInstruction call
            && call.opcode() != Opcode.INVOKESTATIC
            && call.owner().asInternalName().equals(EC2 + "Ec2Client")) {
          called.add(call.name().stringValue().replaceFirst("Paginator$", ""));
        }
      });
}

static boolean isOperation(MethodModel method) {
  String types = method.methodType().stringValue();
  return types.startsWith("(L" + EC2 + "model/") && types.contains("Request;)L" + EC2 + "model/");
}
