import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.gradientverdict.client.ApiClient;
import org.gradientverdict.client.ApiException;
import org.gradientverdict.client.api.SimulationsApi;
import org.gradientverdict.client.model.Activation;
import org.gradientverdict.client.model.ActivationLayer;
import org.gradientverdict.client.model.BatchNorm;
import org.gradientverdict.client.model.Convolution;
import org.gradientverdict.client.model.Dense;
import org.gradientverdict.client.model.GlobalPooling;
import org.gradientverdict.client.model.ImageShape;
import org.gradientverdict.client.model.ImportAnswer;
import org.gradientverdict.client.model.InputShape;
import org.gradientverdict.client.model.Layer;
import org.gradientverdict.client.model.LayerStatistics;
import org.gradientverdict.client.model.Network;
import org.gradientverdict.client.model.Padding;
import org.gradientverdict.client.model.PresetName;
import org.gradientverdict.client.model.Problem;
import org.gradientverdict.client.model.Relu;
import org.gradientverdict.client.model.Repeat;
import org.gradientverdict.client.model.Residual;
import org.gradientverdict.client.model.Sigmoid;
import org.gradientverdict.client.model.SimulationReport;
import org.gradientverdict.client.model.SimulationSpec;
import org.gradientverdict.client.model.Softmax;
import org.gradientverdict.client.model.Source;

/** Judges networks, meets a problem, reads a table and a ResNet block, imports a model of Keras: with the client that openapi-generator generates. */
public final class Program {
  private static final String KEY = "Bearer " + System.getenv("KEY");

  private static final Activation SIGMOID = new Activation(new Sigmoid().kind(Sigmoid.KindEnum.SIGMOID));
  private static final Activation SOFTMAX = new Activation(new Softmax().kind(Softmax.KindEnum.SOFTMAX));

  private static Dense dense(long units) {
    return new Dense().kind(Dense.KindEnum.DENSE).units(units);
  }

  /** Five times a block of two layers, and an output; no layer but the last may be a softmax. */
  private static SimulationSpec nested(Activation second) {
    List<Layer> block = List.of(new Layer(dense(8).activation(SIGMOID)), new Layer(dense(8).activation(second)));
    Layer repeated = new Layer(new Repeat().kind(Repeat.KindEnum.REPEAT).times(5L).layers(block));
    List<Layer> layers = List.of(repeated, new Layer(dense(1)));
    return new SimulationSpec().network(new Network().features(8L).layers(layers));
  }

  /** A residual block of two convolutions, each with a batch norm, on small images. */
  private static SimulationSpec resnet() {
    Activation relu = new Activation(new Relu().kind(Relu.KindEnum.RELU));
    Convolution convolution = new Convolution().kind(Convolution.KindEnum.CONVOLUTION).filters(4L).size(List.of(3L));
    Layer kernel = new Layer(convolution.padding(Padding.SAME));
    Layer norm = new Layer(new BatchNorm().kind(BatchNorm.KindEnum.BATCH_NORM));
    Layer between = new Layer(new ActivationLayer().kind(ActivationLayer.KindEnum.ACTIVATION).activation(relu));
    Residual block = new Residual().kind(Residual.KindEnum.RESIDUAL).activation(relu);
    block.layers(List.of(kernel, norm, between, kernel, norm));
    Layer pool = new Layer(new GlobalPooling().kind(GlobalPooling.KindEnum.GLOBAL_POOLING));
    ImageShape image = new ImageShape().kind(ImageShape.KindEnum.IMAGE).height(6L).width(6L).channels(4L);
    Network network = new Network().input(new InputShape(image)).defaults(PresetName.RESNET);
    network.layers(List.of(new Layer(block), pool, new Layer(dense(2))));
    return new SimulationSpec().network(network).trials(4L);
  }

  public static void main(String[] arguments) throws ApiException, IOException, InterruptedException {
    ApiClient client = new ApiClient();
    client.updateBaseUri(arguments[0]);
    client.setRequestInterceptor(request -> request.header("Authorization", KEY));
    SimulationsApi simulations = new SimulationsApi(client);

    SimulationReport report = simulations.createSimulation(nested(SIGMOID));
    System.out.println("label: " + report.getVerdict().getLabel());

    Network single = new Network().features(8L).layers(List.of(new Layer(dense(1))));
    SimulationReport shallow = simulations.createSimulation(new SimulationSpec().network(single));
    Double ratio = shallow.getVerdict().getDepthRatio().getMedian();
    System.out.println("depth ratio of a single layer: " + ratio);

    try {
      simulations.createSimulation(nested(SOFTMAX));
    } catch (ApiException refused) {
      Problem problem = ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), Problem.class);
      System.out.println("pointer of the fault: " + problem.getErrors().get(0).getPointer());
    }

    URI table = URI.create(client.getBaseUri() + "/v1/simulations/" + report.getDigest() + "/layers.csv");
    System.out.println("rows of the table: " + text(client, table).lines().count());

    SimulationReport kept = simulations.getSimulation(simulations.createSimulation(resnet()).getDigest());
    Residual block = kept.getSpec().getNetwork().getLayers().get(0).getResidual();
    System.out.println("inside the block: " + String.join(", ", block.getLayers().stream().map(Program::kind).toList()));
    List<LayerStatistics> inside = kept.getLayers().stream().filter(LayerStatistics::getInside).toList();
    System.out.println("parameters of the block: " + inside.stream().mapToLong(LayerStatistics::getParameters).sum());

    URI imports = URI.create(client.getBaseUri() + "/v1/imports/" + Source.KERAS);
    String answer = sent(client, imports, Path.of(arguments[1]));
    ImportAnswer found = ApiClient.createDefaultObjectMapper().readValue(answer, ImportAnswer.class);
    int count = found.getSpecification().getNetwork().getLayers().size();
    System.out.printf("imported from Keras: %d layers, %d parameters%n", count, found.getParameters());
  }

  private static String kind(Layer layer) {
    Object one = layer.getActualInstance();
    if (one instanceof Convolution convolution) return convolution.getKind().getValue();
    if (one instanceof BatchNorm norm) return norm.getKind().getValue();
    return ((ActivationLayer) one).getKind().getValue();
  }

  /** What is no JSON is fetched by hand: getSimulationLayers would parse the table as JSON (openapi-generator 7.26). */
  private static String text(ApiClient client, URI place) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(place).header("Authorization", KEY).build();
    return client.getHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  /** A file is sent by hand: createImport would send its path as JSON (openapi-generator 7.26). */
  private static String sent(ApiClient client, URI place, Path file) throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(place).header("Content-Type", "application/octet-stream");
    request.header("Authorization", KEY);
    request.POST(HttpRequest.BodyPublishers.ofFile(file));
    return client.getHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
  }
}
