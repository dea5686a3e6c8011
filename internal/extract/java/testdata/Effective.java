import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.License;
import org.apache.maven.model.Model;
import org.apache.maven.model.building.DefaultModelBuilderFactory;
import org.apache.maven.model.building.DefaultModelBuildingRequest;
import org.apache.maven.model.building.ModelBuilder;
import org.apache.maven.model.building.ModelBuildingRequest;

/** Prints what Maven makes of the poms that a file lists: the effective model, without the network. */
public class Effective {
    public static void main(String[] args) throws Exception {
        ModelBuilder builder = new DefaultModelBuilderFactory().newInstance();
        for (String pom : Files.readAllLines(Path.of(args[0]))) {
            DefaultModelBuildingRequest request = new DefaultModelBuildingRequest();
            request.setPomFile(new File(pom));
            request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL);
            request.setLocationTracking(false);
            Model m;
            try {
                m = builder.build(request).getEffectiveModel();
            } catch (Exception e) {
                continue;
            }
            System.out.println("pom\t" + pom + "\t" + m.getGroupId() + ":" + m.getArtifactId() + ":" + m.getVersion());
            for (License l : m.getLicenses()) {
                if (l.getName() != null) {
                    System.out.println("license\t" + l.getName().trim());
                }
            }
            for (Dependency d : m.getDependencies()) {
                System.out.println("dependency\t" + d.getGroupId() + ":" + d.getArtifactId() + ":" + d.getVersion());
            }
        }
    }
}
