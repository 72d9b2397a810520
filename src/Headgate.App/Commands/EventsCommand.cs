using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Remote;
using Headgate.Queues;
using Headgate.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate events</c>: what happens to the jobs of a running service, as it happens.</summary>
internal static class EventsCommand
{
    public static Command Create()
    {
        var server = new ServerOptions("Write a line of JSON for each.");
        var events = new Option<string[]>("--events") { HelpName = "NAME,…", Description = $"Only these: {string.Join(", ", JobEventNames.All)}." };
        var ids = new Option<string[]>("--id") { HelpName = "ID", Description = "Only those of this job." };
        var after = new Option<long?>("--after") { HelpName = "N", Description = "Those that came after that number, too; only what comes from now on by default." };
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "End after so many.", DefaultValueFactory = _ => int.MaxValue };
        var verb = new Command("events", "Writes what happens to the jobs of a running service as it happens, until Ctrl-C: a line for each.") { events, ids, after, limit };
        return server.Complete(verb, async (service, parse, stop) =>
        {
            if (parse.GetValue(limit) < 1)
                throw new CommandException(ExitCode.Usage, "--limit is a whole number from 1");
            List<string> query = [.. (parse.GetValue(events) ?? []).Select(name => $"events={Uri.EscapeDataString(name)}"), .. (parse.GetValue(ids) ?? []).Select(id => $"request_id={Uri.EscapeDataString(id)}")];
            if (parse.GetValue(after) is { } number)
                query.Add(string.Create(CultureInfo.InvariantCulture, $"last_event_id={number}"));
            var (output, isJson, left) = (parse.InvocationConfiguration.Output, parse.GetValue(server.Json), parse.GetValue(limit));
            await service.FollowAsync($"api/v1/events?{string.Join('&', query)}", told =>
            {
                output.WriteLine(isJson ? Line(told) : Sentence(told));
                output.Flush();
                return --left > 0;
            }, stop);
            return ExitCode.Ok;
        });
    }

    /// <summary>What was told, with its number and its name.</summary>
    private static string Line(ServerEvent told) =>
        $"{{\"event\":\"{JsonEncodedText.Encode(told.Name)}\",\"number\":{(long.TryParse(told.Id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture) : "null")},\"data\":{JsonElement.Parse(told.Data).GetRawText()}}}";

    private static string Sentence(ServerEvent told)
    {
        var data = JsonElement.Parse(told.Data);
        if (!data.TryGetProperty("request_id", out var id))
            return Columns.Visible($"{told.Name}: {data.GetProperty("error").GetString()}");
        var why = data.TryGetProperty("class", out var failure) ? $" ({failure.GetString()})" : "";
        return Columns.Visible($"{Moments.Of(data.GetProperty("timestamp").GetDateTimeOffset())}  {told.Name,-20}  {id.GetString()}  {data.GetProperty("method").GetString()} {data.GetProperty("url").GetString()}{why}");
    }
}
