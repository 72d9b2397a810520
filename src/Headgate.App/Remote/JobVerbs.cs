using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.Limits;

namespace Headgate.App.Remote;

/// <summary>What the verbs <c>jobs</c> and <c>dlq</c> are made of.</summary>
internal static class JobVerbs
{
    private const int UsualLimit = 100;

    /// <summary>A verb that lists jobs.</summary>
    public static Command List(string description, string path)
    {
        var (server, filter) = (new ServerOptions("Write a line of JSON for each, as run writes its results."), Filter());
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "At most so many.", DefaultValueFactory = _ => UsualLimit };
        var order = new Option<JobOrder>("--order") { HelpName = "newest|oldest", Description = "Which come first; the newest by default." };
        var command = new Command("ls", $"{description}\n\nFilters: {JobFilter.Known}.") { filter, limit, order };
        return server.Complete(command, async (service, parse, stop) =>
        {
            if (parse.GetValue(limit) < 1)
                throw new CommandException(ExitCode.Usage, "--limit is a whole number from 1");
            var query = JobFilter.Query(parse.GetValue(filter) ?? []);
            var configuration = parse.InvocationConfiguration;
            await new JobList(service, path, parse.GetValue(order)).WriteAsync(query, parse.GetValue(limit), parse.GetValue(server.Json), configuration.Output, configuration.Error, stop);
            return ExitCode.Ok;
        });
    }

    /// <summary>A verb that shows one job.</summary>
    public static Command Show()
    {
        var server = new ServerOptions("Write the job as the service tells of it, its whole answer with it.");
        var id = new Argument<string>("ID") { Description = "The request_id." };
        return server.Complete(new Command("show", "Shows a job: how it stands, its answer, its attempts, and what it waits for.") { id }, async (service, parse, stop) =>
        {
            await new JobPortrait(service, parse.InvocationConfiguration.Output).WriteAsync(parse.GetValue(id)!, parse.GetValue(server.Json), stop);
            return ExitCode.Ok;
        });
    }

    /// <summary>A verb that does something to jobs.</summary>
    /// <param name="act">What.</param>
    /// <param name="description">Its help.</param>
    /// <param name="hasRate">Whether it can be spread over time.</param>
    public static Command Act(JobAct act, string description, bool hasRate = false)
    {
        var (server, filter) = (new ServerOptions(), Filter());
        var ids = new Argument<string[]>("ID") { Description = "The request_id of each.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "All there are." };
        var dry = new Option<bool>("--dry-run") { Description = "Only say how many are meant." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask, however many fit." };
        var rate = new Option<string?>("--rate") { HelpName = "LIMIT", Description = "Begin them one after another, so many for a time: 10/s." };
        var command = new Command(act.Verb, $"{description}\n\nSay which, by their ids, with --filter, or with --all. Filters: {JobFilter.Known}.") { ids, filter, all, dry, yes };
        if (hasRate)
            command.Add(rate);
        return server.Complete(command, async (service, parse, stop) =>
        {
            var (named, query) = (parse.GetValue(ids) ?? [], JobFilter.Query(parse.GetValue(filter) ?? []));
            var configuration = parse.InvocationConfiguration;
            RefuseUnclear(named.Length > 0, query.Length > 0, parse.GetValue(all));
            var pace = hasRate ? Checked(parse.GetValue(rate), named.Length > 0) : "";
            if (named.Length > 0)
                return await act.DoAsync(service, named, parse.GetValue(dry), parse.GetValue(server.Json), configuration.Output, configuration.Error, stop);
            var consent = parse.GetValue(dry) ? Consent.DryRun : parse.GetValue(yes) ? Consent.Given : Consent.Wanted;
            return await act.DoAsync(service, (query.Length > 0 ? query : "all=true") + pace, consent, parse.GetValue(server.Json), configuration.Output, stop);
        });
    }

    private static void RefuseUnclear(bool areNamed, bool hasFilter, bool all)
    {
        if ((areNamed ? 1 : 0) + (hasFilter ? 1 : 0) + (all ? 1 : 0) != 1)
            throw new CommandException(ExitCode.Usage, areNamed || hasFilter || all ? "give ids, --filter or --all, not several of them" : "say which jobs: by their ids, with --filter \"status=failed tag=night\", or with --all");
    }

    private static string Checked(string? rate, bool areNamed)
    {
        if (rate is null)
            return "";
        if (areNamed)
            throw new CommandException(ExitCode.Usage, "--rate is for jobs that fit a filter; those that are named begin at once");
        return Limit.TryParse(rate, out var limit, out var error) && limit!.Algorithm != LimitAlgorithm.Concurrent
            ? $"&rate={Uri.EscapeDataString(rate)}"
            : throw new CommandException(ExitCode.Usage, $"--rate \"{Excerpt.Of(rate)}\": {error ?? "give an amount for a period, such as 10/s"}");
    }

    private static Option<string[]> Filter() => new("--filter") { HelpName = "EXPR", Description = "Which: words such as \"status=failed tag=night since=2h\", all of which must fit." };
}
