using System.Text.Json.Nodes;
using Headgate.App.Formats;
using Headgate.Tests.House;
using Headgate.Tests.Input;

namespace Headgate.Tests.Formats;

/// <summary>What became of a file: what was written, what was said, and the code.</summary>
internal sealed record FormatRun(int Code, string Output, string[] Said)
{
    public JsonNode[] Json => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    /// <summary>The path of one of the samples of formats.</summary>
    public static string Sample(string name) => Path.Combine(SourceTree.Root, "samples", "formats", name);

    /// <summary>Imports a text.</summary>
    public static async Task<FormatRun> ImportAsync(Func<Action<string>, IRequestFormat> format, string text)
    {
        using var folder = new TempFolder();
        return await ImportFileAsync(format, folder.Write("in.txt", text), folder[""] + "/");
    }

    /// <summary>Imports a file.</summary>
    public static Task<FormatRun> ImportFileAsync(Func<Action<string>, IRequestFormat> format, string path, string? shortened = null) => RunAsync(shortened ?? Path.GetDirectoryName(path)! + "/",
        async (sink, talk) => (int)await new Import(format(note => talk.WriteLine($"note: {note}")), sink, talk).RunAsync(path, CancellationToken.None));

    /// <summary>Exports a text.</summary>
    public static async Task<FormatRun> ExportAsync(IResultFormat format, string text, string? requests = null, bool onlyFailed = false)
    {
        using var folder = new TempFolder();
        using var sent = requests is null ? null : await SentRequests.OpenAsync(folder.Write("requests.jsonl", requests), CancellationToken.None);
        var path = folder.Write("in.txt", text);
        return await RunAsync(folder[""] + "/", async (sink, talk) => (int)await new Export(format, sink, talk) { Sent = sent, OnlyFailed = onlyFailed }.RunAsync(path, CancellationToken.None));
    }

    /// <summary>Imports secrets.</summary>
    public static async Task<FormatRun> SecretsAsync(string text, params string[] only)
    {
        using var folder = new TempFolder();
        var path = folder.Write("in.txt", text);
        return await RunAsync(folder[""] + "/", async (sink, talk) =>
        {
            try
            {
                return (int)await new SecretsImport(only, sink, talk).RunAsync(path, CancellationToken.None);
            }
            catch (Headgate.App.Input.InputException wrong)
            {
                talk.WriteLine($"headgate: {wrong.Message}");
                return 4;
            }
        });
    }

    private static async Task<FormatRun> RunAsync(string shortened, Func<MemorySink, StringWriter, Task<int>> run)
    {
        using var sink = new MemorySink();
        using var talk = new StringWriter { NewLine = "\n" };
        var code = await run(sink, talk);
        return new FormatRun(code, sink.Text, [.. talk.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Replace("headgate: ", "", StringComparison.Ordinal).Replace(shortened, "", StringComparison.Ordinal))]);
    }
}
