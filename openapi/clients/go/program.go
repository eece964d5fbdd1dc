// Judges networks, meets a problem, fetches a table, reads a ResNet block back, imports a model of Keras: with the Go client that openapi-generator generates.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	verdict "example.com/verdict"
)

var sigmoid = verdict.SigmoidAsActivation(verdict.NewSigmoid("sigmoid"))
var softmax = verdict.SoftmaxAsActivation(verdict.NewSoftmax("softmax"))

func dense(units int64, activation *verdict.Activation) verdict.Layer {
	layer := verdict.NewDense("dense", units)
	layer.Activation = activation
	return verdict.DenseAsLayer(layer)
}

// nested is five times a block of two layers, and an output; no layer but the last may be a softmax.
func nested(second verdict.Activation) verdict.SimulationSpec {
	block := []verdict.Layer{dense(8, &sigmoid), dense(8, &second)}
	repeated := verdict.RepeatAsLayer(verdict.NewRepeat("repeat", 5, block))
	return *verdict.NewSimulationSpec(*network(8, []verdict.Layer{repeated, dense(1, nil)}))
}

func network(features int64, layers []verdict.Layer) *verdict.Network {
	made := verdict.NewNetwork(layers)
	made.SetFeatures(features)
	return made
}

// resnet is a residual block of two convolutions, each with a batch norm, on small images.
func resnet() verdict.SimulationSpec {
	kernel := verdict.NewConvolution("convolution", []int64{3}, 4)
	kernel.SetPadding(verdict.PADDING_SAME)
	relu := verdict.ReluAsActivation(verdict.NewRelu("relu"))
	norm := verdict.BatchNormAsLayer(verdict.NewBatchNorm("batch_norm"))
	block := verdict.NewResidual("residual", []verdict.Layer{
		verdict.ConvolutionAsLayer(kernel), norm,
		verdict.ActivationLayerAsLayer(verdict.NewActivationLayer("activation", relu)),
		verdict.ConvolutionAsLayer(kernel), norm,
	})
	block.SetActivation(relu)
	pool := verdict.GlobalPoolingAsLayer(verdict.NewGlobalPooling("global_pooling"))
	made := verdict.NewNetwork([]verdict.Layer{verdict.ResidualAsLayer(block), pool, dense(2, nil)})
	made.SetInput(verdict.ImageShapeAsInputShape(verdict.NewImageShape("image", 6, 6, 4)))
	made.SetDefaults(verdict.PRESETNAME_RESNET)
	spec := verdict.NewSimulationSpec(*made)
	spec.SetTrials(4)
	return *spec
}

func kindOf(layer verdict.Layer) string {
	return layer.GetActualInstance().(interface{ GetKind() string }).GetKind()
}

func main() {
	configuration := verdict.NewConfiguration()
	configuration.Servers = verdict.ServerConfigurations{{URL: os.Args[1]}}
	client := verdict.NewAPIClient(configuration)
	simulations := client.SimulationsAPI
	ctx := context.WithValue(context.Background(), verdict.ContextAccessToken, os.Getenv("KEY"))

	report, _, err := simulations.CreateSimulation(ctx).SimulationSpec(nested(sigmoid)).Execute()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("label:", report.Verdict.Label)

	single := verdict.NewSimulationSpec(*network(8, []verdict.Layer{dense(1, nil)}))
	shallow, _, err := simulations.CreateSimulation(ctx).SimulationSpec(*single).Execute()
	if err != nil {
		log.Fatal(err)
	}
	ratio := "null"
	if median := shallow.Verdict.DepthRatio.Median.Get(); median != nil {
		ratio = fmt.Sprint(*median)
	}
	fmt.Println("depth ratio of a single layer:", ratio)

	_, _, err = simulations.CreateSimulation(ctx).SimulationSpec(nested(softmax)).Execute()
	var refused *verdict.GenericOpenAPIError
	if errors.As(err, &refused) {
		problem := refused.Model().(verdict.Problem)
		fmt.Println("pointer of the fault:", problem.Errors[0].Pointer)
	}

	table, _, err := simulations.GetSimulationLayers(ctx, report.Digest).Execute()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("rows of the table:", strings.Count(table, "\n"))

	judged, _, err := simulations.CreateSimulation(ctx).SimulationSpec(resnet()).Execute()
	if err != nil {
		log.Fatal(err)
	}
	kept, _, err := simulations.GetSimulation(ctx, judged.Digest).Execute()
	if err != nil {
		log.Fatal(err)
	}
	kinds, parameters := []string{}, int64(0)
	for _, layer := range kept.Spec.Network.Layers[0].Residual.Layers {
		kinds = append(kinds, kindOf(layer))
	}
	for _, row := range kept.Layers {
		if row.Inside {
			parameters += row.Parameters
		}
	}
	fmt.Println("inside the block:", strings.Join(kinds, ", "))
	fmt.Println("parameters of the block:", parameters)

	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	found, _, err := client.ImportsAPI.CreateImport(ctx, verdict.SOURCE_KERAS).Body(file).Execute()
	if err != nil {
		log.Fatal(err)
	}
	layers := found.Specification.Network.Layers
	fmt.Printf("imported from Keras: %d layers, %d parameters\n", len(layers), found.Parameters)
}
