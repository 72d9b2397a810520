using System.CommandLine;
using Headgate.App.Backups;
using Headgate.App.CommandLine;
using Headgate.Configuration;
using Headgate.Jobs;

namespace Headgate.App.Commands;

/// <summary><c>headgate backup</c> and <c>headgate restore</c>: what a service keeps, in one file.</summary>
internal static class BackupCommand
{
    public static Command CreateBackup()
    {
        var file = new Argument<string>("FILE") { Description = "The backup to be written, an archive; packed if its name ends with .gz or .tgz." };
        var (data, store, config) = (Data(), new Option<string?>("--store") { HelpName = "URL", Description = "Where the jobs are, if they are not in --data: sqlite:PATH." }, ConfigOption.Create());
        var command = new Command("backup", """
            Writes what a service keeps into one file: its jobs and results, and the record of what it sent.

            The service may go on meanwhile, or be stopped. The file holds all that requests hold, secrets too.
            """)
        { file, data, store, config };
        command.SetAction(parse =>
        {
            var settings = Read(parse.GetValue(config), parse.GetValue(data), parse.GetValue(store));
            if (settings.Jobs.Store.Kind != JobPlaceKind.Sqlite)
                throw new CommandException(ExitCode.Configuration, $"the jobs are in {settings.Jobs.Store}, and end with the process: there is nothing to back up");
            var directory = Path.GetFullPath(settings.Serve.Data);
            var database = settings.Jobs.Store.Path ?? Path.Combine(directory, Backup.Jobs);
            parse.InvocationConfiguration.Output.WriteLine(new Backup(directory, database, TimeProvider.System).Take(parse.GetRequiredValue(file)));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    public static Command CreateRestore()
    {
        var file = new Argument<string>("FILE") { Description = "The backup." };
        var (data, config) = (Data(), ConfigOption.Create());
        var stoppedAt = new Option<string?>("--stopped-at") { HelpName = "TIME", Description = "When the service that was backed up sent its last request, for example 2030-01-02T03:04:05Z; without it, perhaps just now." };
        var command = new Command("restore", """
            Makes the directory of a service from a backup, after a look at every page of it. Nothing is overwritten.

            Where the service went on after the backup, jobs that it may have sent since are marked maybe_sent, and those that must not be sent twice
            fail with that class; and every limit counts as used up until now, or until --stopped-at.
            """)
        { file, data, stoppedAt, config };
        command.SetAction(parse =>
        {
            var directory = Path.GetFullPath(Read(parse.GetValue(config), parse.GetValue(data), null).Serve.Data);
            foreach (var line in new Restore(directory, TimeProvider.System).Run(parse.GetRequiredValue(file), ReadTime(parse.GetValue(stoppedAt))))
                parse.InvocationConfiguration.Output.WriteLine(line);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Option<string?> Data() => new("--data") { HelpName = "DIR", Description = "The directory of the service; that of the configuration, or ./data." };

    private static HeadgateConfiguration Read(string? config, string? data, string? store)
    {
        var flags = new List<ConfigurationOverride>();
        if (data is not null)
            flags.Add(new ConfigurationOverride("/serve/data", [data], "--data"));
        if (store is not null)
            flags.Add(new ConfigurationOverride("/jobs/store", [store], "--store"));
        var reading = ConfigurationReader.Read(ConfigurationSources.OfProcess(config, flags));
        reading.OrThrow();
        return reading.Configuration;
    }

    private static DateTimeOffset? ReadTime(string? text) => text is null ? null
        : Moment.TryParse(text, out var moment) && !moment.IsAfterAcceptance ? moment.From(default)
        : throw new CommandException(ExitCode.Usage, $"--stopped-at \"{Excerpt.Of(text)}\" is no date and time with its zone, for example 2030-01-02T03:04:05Z");
}
