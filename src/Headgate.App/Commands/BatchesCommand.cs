using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Remote;
using Headgate.Time;

namespace Headgate.App.Commands;

/// <summary><c>headgate batches show</c>: how far the jobs of a name have come.</summary>
internal static class BatchesCommand
{
    public static Command Create() => new("batches", "Shows how far batches of a running service have come.") { Show() };

    private static Command Show()
    {
        var batches = new Argument<string[]>("BATCH") { Description = "The batch, by the name it was submitted with.", Arity = ArgumentArity.OneOrMore };
        return new ServerOptions().Complete(new Command("show", "Shows how many jobs of a batch have ended, and how, and when the rest will have.") { batches },
            async (server, parse, stop) =>
            {
                var all = new List<string>();
                foreach (var batch in parse.GetValue(batches)!)
                    all.Add((await server.GetAsync(Server.PathOf("api/v1/batches", batch), stop)).GetRawText());
                return JsonElement.Parse(all.Count == 1 ? all[0] : $"[{string.Join(',', all)}]");
            },
            (output, answer) => Columns.Write(output, ["BATCH", "STATUS", "TOTAL", "OPEN", "OK", "FAILED", "TIMEOUT", "CANCELLED", "PROGRESS", "LEFT"],
                [.. (answer.ValueKind == JsonValueKind.Array ? answer.EnumerateArray().ToList() : [answer]).Select(RowOf)]));
    }

    private static IReadOnlyList<string> RowOf(JsonElement batch) =>
    [
        batch.GetProperty("batch").GetString()!,
        batch.GetProperty("status").GetString()!,
        .. ((string[])["total", "open", "ok", "failed", "timeout", "cancelled"]).Select(count => batch.GetProperty(count).GetInt64().ToString(CultureInfo.InvariantCulture)),
        string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(batch.GetProperty("progress").GetDouble() * 1000) / 10:0.#} %"),
        batch.GetProperty("eta_seconds") is { ValueKind: JsonValueKind.Number } left ? Duration.Format(TimeSpan.FromSeconds(Math.Ceiling(left.GetDouble()))) : "",
    ];
}
