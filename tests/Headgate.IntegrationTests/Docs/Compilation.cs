using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Headgate.IntegrationTests.Docs;

/// <summary>
/// Compiles the C# of the pages against what the tests themselves run on, with the compiler of the SDK, all in one go. A block is
/// statements, then types, as in a program; what it takes for granted stands after <c>given:</c> on the line of its fence.
/// </summary>
internal static partial class Compilation
{
    internal const string Usual = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    /// <summary>The errors with the page and line of each; empty if all compiles.</summary>
    public static async Task<string> ErrorsAsync(IEnumerable<Block> blocks)
    {
        var folder = Directory.CreateTempSubdirectory("headgate-docs-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "Usual.cs"), Usual);
            foreach (var (block, index) in blocks.Select((block, index) => (block, index)))
                await File.WriteAllTextAsync(Path.Combine(folder, $"Block{index}.cs"), Source(block, index));
            return await CompileAsync(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Source(Block block, int index)
    {
        var lines = block.Lines.Select((text, number) => (Text: text, Number: block.Line + number)).ToList();
        var usings = lines.TakeWhile(line => line.Text.Trim().Length == 0 || Using().IsMatch(line.Text)).ToList();
        var statements = lines.Skip(usings.Count).TakeWhile(line => !Declaration().IsMatch(line.Text)).ToList();
        var types = lines.Skip(usings.Count + statements.Count);
        var given = block.Info.Split("given:", 2) is [_, var parameters] ? parameters : "";

        var source = new StringBuilder();
        source.Append(CultureInfo.InvariantCulture, $"namespace Docs.Block{index};\n");
        Append(usings);
        source.Append(CultureInfo.InvariantCulture, $"#line hidden\ninternal static class Page {{ internal static async Task RunAsync({given}) {{\n");
        Append(statements);
        source.Append("#line hidden\nawait Task.CompletedTask; } }\n");
        Append(types);
        return source.ToString();

        void Append(IEnumerable<(string Text, int Number)> part)
        {
            foreach (var (text, number) in part)
                source.Append(CultureInfo.InvariantCulture, $"#line {number} \"{block.Document}\"\n{text}\n");
        }
    }

    /// <summary>Compiles the C# files of a folder into one file there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="target">What to make of them.</param>
    /// <param name="output">Its name.</param>
    /// <returns>The errors; empty if all compiles.</returns>
    internal static async Task<string> CompileAsync(string folder, string target = "library", string output = "Docs.dll")
    {
        var response = Path.Combine(folder, "arguments.rsp");
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(file => !Path.GetFileName(file).StartsWith("Headgate.IntegrationTests", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(response, [$"-target:{target}", "-nullable:enable", "-langversion:latest", "-nostdlib+", "-nologo", "-warn:0", $"-out:\"{folder}/{output}\"", .. references.Select(file => $"-reference:\"{file}\""), $"\"{folder}/*.cs\""]);
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", Compiler(), "-noconfig", $"@{response}"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? "" : said.Replace(folder + "/", "");
    }

    /// <summary>The compiler of the SDK beside the runtime these tests run on.</summary>
    private static string Compiler()
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Directory.GetDirectories(Path.Combine(root, "sdk"), $"{System.Environment.Version.Major}.*")
            .Select(sdk => Path.Combine(sdk, "Roslyn", "bincore", "csc.dll"))
            .Where(File.Exists)
            .Order(StringComparer.Ordinal)
            .LastOrDefault() ?? throw new InvalidOperationException($"no SDK with a compiler in {root}/sdk");
    }

    [GeneratedRegex(@"^using (static )?[\w.]+( = .+)?;", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Using();

    [GeneratedRegex(@"^(\[.+\]|(public |internal |sealed |static |abstract |readonly |partial )*(class|record|struct|interface|enum) )", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Declaration();
}
