// Judges a network, meets a problem, fetches a table: with the Go client that openapi-generator generates.
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
	return *verdict.NewSimulationSpec(*verdict.NewNetwork(8, []verdict.Layer{repeated, dense(1, nil)}))
}

func main() {
	configuration := verdict.NewConfiguration()
	configuration.Servers = verdict.ServerConfigurations{{URL: os.Args[1]}}
	simulations := verdict.NewAPIClient(configuration).SimulationsAPI
	ctx := context.Background()

	report, _, err := simulations.CreateSimulation(ctx).SimulationSpec(nested(sigmoid)).Execute()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("label:", report.Verdict.Label)

	single := verdict.NewSimulationSpec(*verdict.NewNetwork(8, []verdict.Layer{dense(1, nil)}))
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
}
