package main

import "slices"

// program is a client's test program. Its folder is copied and built elsewhere,
// so that nothing that a package manager brings lands in the source tree.
type program struct {
	name     string     // names the folder of its build and its lines in the report
	language string     // and its folder in clients/
	tools    []string   // what has to be installed
	fetch    [][]string // commands that ask a registry; when one fails, the client is skipped
	build    [][]string // commands that work without the network; when one fails, so does the client
	command  []string   // the program, to which host:port is appended
}

var programs = []program{
	{
		name:     "go",
		language: "go", // built within the module of this command
		tools:    []string{"go"},
		command:  []string{"./client"},
	},
	{
		name:     "java",
		language: "java",
		tools:    []string{"java", "javac", "mvn"},
		fetch:    [][]string{{"mvn", "-B", "-q", "dependency:resolve-plugins", "dependency:resolve"}},
		build:    [][]string{{"mvn", "-B", "-q", "-o", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath"}},
		command:  []string{"sh", "-c", `exec java -cp "target/classes:$(cat classpath)" ClientTest "$0"`},
	},
	{
		name:     "python",
		language: "python",
		tools:    []string{"python3"},
		fetch: [][]string{
			{"python3", "-m", "venv", "environment"},
			{"environment/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"},
		},
		command: []string{"environment/bin/python", "client_test.py"},
	},
	{
		name:     "python-gateway",
		language: "python",
		tools:    []string{"python3"},
		fetch: [][]string{
			{"python3", "-m", "venv", "environment"},
			{"environment/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements-gateway.txt"},
		},
		command: []string{"environment/bin/python", "gateway_test.py"},
	},
	{
		name:     "node",
		language: "node",
		tools:    []string{"node", "npm"},
		fetch:    [][]string{{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"}},
		command:  []string{"node", "client_test.js"},
	},
	{
		name:     "rust",
		language: "rust",
		tools:    []string{"cargo", "protoc"},
		fetch:    [][]string{{"cargo", "fetch", "--locked", "--quiet"}},
		build:    [][]string{{"cargo", "build", "--locked", "--offline", "--quiet", "--jobs", "2"}},
		command:  []string{"target/debug/client-test"},
	},
}

// languages are the names that the command line takes.
func languages() (names []string) {
	for _, p := range programs {
		if !slices.Contains(names, p.language) {
			names = append(names, p.language)
		}
	}
	return names
}
