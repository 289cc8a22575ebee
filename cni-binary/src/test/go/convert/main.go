// convert reads a list of {"result": …, "to": version} on stdin and has the CNI reference library convert each result;
// it prints a list of {"result": …} or {"error": text}.
package main

import (
	"encoding/json"
	"os"

	"github.com/containernetworking/cni/pkg/types/create"
)

type question struct {
	Result json.RawMessage `json:"result"`
	To     string          `json:"to"`
}

type answer struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func convert(q question) answer {
	result, err := create.CreateFromBytes(q.Result)
	if err != nil {
		return answer{Error: err.Error()}
	}
	converted, err := result.GetAsVersion(q.To)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: converted}
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		panic(err)
	}
	answers := make([]answer, 0, len(questions))
	for _, q := range questions {
		answers = append(answers, convert(q))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}
