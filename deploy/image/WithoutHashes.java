import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.attribute.ModuleHashesAttribute;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code WithoutHashes MODULE-INFO.class}: takes the hashes of other modules out of a module's description. A linked
 * runtime has modules that its linker changed, so that they no longer have the hashes that java.base names, and `jlink`
 * would refuse to link them again.
 */
void main(String[] arguments) throws IOException {
  Path description = Path.of(arguments[0]);
  ClassFile classes = ClassFile.of();
  Files.write(
      description,
      classes.transformClass(
          classes.parse(description),
          ClassTransform.dropping(element -> element instanceof ModuleHashesAttribute)));
}
