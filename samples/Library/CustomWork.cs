using Headgate;

namespace Library;

/// <summary>Work that is no HTTP request keeps to limits too: at most 8 at once, 200 a second, each tried three times within 5 s each.</summary>
public static class CustomWork
{
    public static async Task<long> RunAsync(IEnumerable<string> files)
    {
        await using var pool = new WorkPool(["200/s"], maxConcurrency: 8);
        var usual = new WorkOptions { Timeout = TimeSpan.FromSeconds(5), Retries = 2 };
        var bytes = 0L;
        await foreach (var result in pool.RunAsync(files, async (file, token) => (await File.ReadAllBytesAsync(file, token)).LongLength, usual))
            if (result.Ok)
                bytes += result.Value;
            else
                Console.WriteLine($"{result.Item}: {result.Error.Message}");
        return bytes;
    }
}
